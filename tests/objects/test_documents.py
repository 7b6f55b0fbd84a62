from __future__ import annotations

import pytest

from keywave.objects.documents import Document, split

STREAMS: dict[str, tuple[str, list[Document]]] = {
    "nothing": ("", []),
    "one document": ("a: 1\n", [Document("a: 1\n", 1)]),
    "no newline at the end": ("a: 1", [Document("a: 1\n", 1)]),
    "a block text cut off by the end": ("a: |\n  b", [Document("a: |\n  b\n", 1)]),
    "two documents": ("a: 1\n---\nb: 2\n", [Document("a: 1\n", 1), Document("b: 2\n", 3)]),
    "a leading marker": ("---\na: 1\n", [Document("a: 1\n", 2)]),
    "empty documents are left out": ("---\n---\n# c\n\n---\na: 1\n---\n", [Document("a: 1\n", 6)]),
    "comments stay with the document below": ("---\n# Source: x\na: 1\n", [Document("# Source: x\na: 1\n", 2)]),
    "a comment behind the marker": ("a: 1\n--- # x\nb: 2\n", [Document("a: 1\n", 1), Document("b: 2\n", 3)]),
    "content behind the marker": ("--- {a: 1}\n---\nb: 2\n", [Document("{a: 1}\n", 1), Document("b: 2\n", 3)]),
    "blanks behind the marker": ("a: 1\n---  \nb: 2\n", [Document("a: 1\n", 1), Document("b: 2\n", 3)]),
    "a marker at the very end": ("a: 1\n---", [Document("a: 1\n", 1)]),
    "an indented marker is text": ("a: |\n  ---\n  b\n", [Document("a: |\n  ---\n  b\n", 1)]),
    "more than a marker is text": ("a: 1\n---b\n----\n", [Document("a: 1\n---b\n----\n", 1)]),
    "an end marker stays with its document": (
        "a: 1\n...\n---\nb: 2\n",
        [Document("a: 1\n...\n", 1), Document("b: 2\n", 4)],
    ),
    "windows line ends": ("a: 1\r\n---\r\nb: 2\r\n", [Document("a: 1\r\n", 1), Document("b: 2\r\n", 3)]),
    "a byte order mark": ("\ufeffa: 1\n---\n\ufeffb: 2\n", [Document("a: 1\n", 1), Document("b: 2\n", 3)]),
    "a version directive": (
        "%YAML 1.1\n---\na: 1\n---\n%YAML 1.2\n---\nb: 2\n",
        [Document("a: 1\n", 3), Document("b: 2\n", 7)],
    ),
    "a tag directive carries meaning": ("%TAG !x! y:\n---\na: 1\n", [Document("%TAG !x! y:\n---\na: 1\n", 1)]),
}


@pytest.mark.parametrize(("stream", "expected"), STREAMS.values(), ids=STREAMS.keys())
def test_a_stream_is_cut(stream: str, expected: list[Document]) -> None:
    assert split(stream) == expected


@pytest.mark.parametrize("stream", [stream for stream, _ in STREAMS.values()])
def test_joining_the_documents_gives_the_same_documents(stream: str) -> None:
    texts = [document.text for document in split(stream)]
    joined = "---\n".join(text if text.endswith("\n") else text + "\n" for text in texts if not text.startswith("%"))

    assert [d.text.rstrip("\n") for d in split(joined)] == [
        text.rstrip("\n") for text in texts if not text.startswith("%")
    ]
