from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from typing import Any

import pytest

from keywave.codes.reading import CODES
from keywave.findings import Severity
from keywave.objects import construct, events
from keywave.objects.yamlio import Limits, YamlError, parse, read_stream

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n"


def told(stream: str | bytes, **limits: int) -> list[tuple[str, int, str]]:
    """Code, line and path of every finding."""
    data = stream.encode() if isinstance(stream, str) else stream
    read = read_stream(data, "f.yaml", limits=Limits(**limits))
    return [(f.code, f.where.line, f.where.path) for f in read.findings]


PROBLEMS: dict[str, tuple[str | bytes, list[tuple[str, int, str]]]] = {
    "Windows-1252 bytes": (b"a: 1\nb: M\xfcller\n", [("KW0103", 2, "$")]),
    "UTF-16": ("\ufeffa: 1\n".encode("utf-16-le"), [("KW0103", 1, "$")]),
    "a control character": ("a: 1\nb: \x07\n", [("KW0103", 2, "$")]),
    "a marker with text": (f"{GOOD}---kind: B\n", [("KW0108", 4, "$")]),
    "content after the end": (f"{GOOD}...\nkind: B\n", [("KW0109", 5, "$")]),
    "content after the end with directives": (f"{GOOD}...\n%YAML 1.1\n---x\n", [("KW0108", 6, "$")]),
    "a tab": ("a:\n\tb: 1\n", [("KW0110", 2, "$")]),
    "an open bracket": ("a: [1\nb: 2\n", [("KW0110", 2, "$")]),
    "an unknown alias": ("a: 1\nb: *x\n", [("KW0110", 2, "$")]),
    "an infinity": ("a: 1\nb: .inf\n", [("KW0111", 2, "$")]),
    "a null key": ("a: 1\n~: .2\n", [("KW0111", 2, "$")]),
    "a mapping as a key": ("{{ .Values.x }}: 1\n", [("KW0111", 1, "$")]),
    "a value against its tag": ("a: !!int x\n", [("KW0111", 1, "$")]),
    "a merge of a text": ("a: 1\n<<: x\n", [("KW0111", 2, "$")]),
    "JSON's slash in YAML": ('a: "\\/"\n', [("KW0111", 1, "$")]),
    "an anchor in itself": ("a: &x [*x]\n", [("KW0107", 1, "$")]),
    "a key twice": (f"{GOOD}data:\n  a: 1\n  b: 2\n  a: 3\n", [("KW0112", 7, "$.data.a")]),
    "a key twice as text and number": (f"{GOOD}data: {{1: a, '1': b}}\n", [("KW0112", 4, "$.data.1")]),
    "a merge over a key": (f"x: &x {{b: 1}}\n{GOOD}data:\n  b: 2\n  <<: *x\n", [("KW0113", 7, "$.data.b")]),
    "a key over a merge is no problem": (f"x: &x {{b: 1}}\n{GOOD}data:\n  <<: *x\n  b: 2\n", []),
    "a list": ("- a\n- b\n", [("KW0114", 1, "$")]),
    "a text": ("hello\n", [("KW0114", 1, "$")]),
    "no apiVersion": ("kind: A\nmetadata: {name: a}\n", [("KW0115", 1, "$")]),
    "neither": ("a: 1\n", [("KW0115", 1, "$")]),
    "no name": ("apiVersion: v1\nkind: A\n", [("KW0116", 1, "$.metadata.name")]),
    "a name that is a number": ("apiVersion: v1\nkind: A\nmetadata: {name: 12}\n", [("KW0116", 1, "$.metadata.name")]),
    "a generated name is a name": ("apiVersion: v1\nkind: A\nmetadata: {generateName: a-}\n", []),
    "an item of a list without a name": (
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: A\n",
        [("KW0116", 4, "$.metadata.name")],
    ),
    "an empty document": ("---\n# nothing\n--- ~\n", []),
}


@pytest.mark.parametrize(("stream", "expected"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_a_problem_is_told_with_its_line(stream: str | bytes, expected: list[tuple[str, int, str]]) -> None:
    assert told(stream) == expected


BEYOND: dict[str, tuple[str, dict[str, int], str]] = {
    "bytes": (GOOD, {"bytes": 10}, "KW0101"),
    "documents": (f"---\n{GOOD}" * 5, {"documents": 3}, "KW0102"),
    "nodes": (GOOD, {"nodes": 4}, "KW0104"),
    "depth": ("a: {b: {c: {d: {}}}}\n", {"depth": 3}, "KW0105"),
    "depth by aliases": ("a: &a [x]\nb: &b [*a]\nc: &c [*b]\nd: [*c]\n", {"depth": 4}, "KW0105"),
    "a long text": ('a: "xxxxxxxxxx"\n', {"scalar": 9}, "KW0106"),
}


@pytest.mark.parametrize(("stream", "limits", "code"), BEYOND.values(), ids=BEYOND.keys())
def test_beyond_a_limit(stream: str, limits: dict[str, int], code: str) -> None:
    assert [found[0] for found in told(stream, **limits)] == [code]


def test_every_code_of_this_range_is_tested() -> None:
    tested = {code for _, found in PROBLEMS.values() for code, *_ in found} | {code for *_, code in BEYOND.values()}

    assert tested == set(CODES)


def test_an_end_marker_alone_is_no_problem_and_parse_takes_one_document() -> None:
    assert told(f"{GOOD}--- \n{GOOD}...\n# c\n") == []
    with pytest.raises(YamlError, match="more than one document"):
        parse("a: 1\n--- \nb: 2\n")


def test_an_alias_bomb_is_refused_at_once_and_never_expanded() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    tracemalloc.start()
    begin = time.process_time()
    findings = told("\n".join(lines) + "\n")
    spent, (_, peak) = time.process_time() - begin, tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert [code for code, *_ in findings] == ["KW0107"]
    assert spent < 1
    assert peak < 10_000_000


def test_a_hundred_thousand_documents_are_refused_at_once() -> None:
    begin = time.process_time()
    findings = told(f"---\n{GOOD}" * 100_000)

    assert [code for code, *_ in findings] == ["KW0102"]
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    "text", ["[" * 200_000, "{a: " * 200_000, '{"a": ' * 200_000, "- " * 100_000, "[" * 90 + "]" * 90], ids=len
)
def test_deep_nesting_is_no_recursion(text: str) -> None:
    assert [code for code, *_ in told(text)] in (["KW0105"], ["KW0114"])


def test_one_broken_document_hides_nothing_of_the_others() -> None:
    stream = f"{GOOD}---\na: [\n---\nb: \xff\n---\n- c\n---\n{GOOD}".encode("latin-1")
    read = read_stream(stream, "f.yaml")

    assert [(m.source.line, m.text) for m in read.manifests] == [(1, GOOD), (11, GOOD)]
    assert [(f.code, f.where.line) for f in read.findings] == [("KW0110", 5), ("KW0103", 7), ("KW0114", 9)]


def test_messages_name_both_lines_of_the_stream() -> None:
    (finding,) = read_stream(f"{GOOD}---\n{GOOD}kind: B\n".encode(), "f.yaml").findings

    assert finding.message == 'the key "kind" stands in line 6 already'
    assert str(finding.where) == "f.yaml:8  $.kind"


def test_a_merge_over_a_key_is_a_warning_and_means_what_kubernetes_reads() -> None:
    read = read_stream(f"x: &x {{b: 1}}\n{GOOD}data: {{b: 2, <<: *x}}\n".encode(), "f.yaml")

    assert [f.severity for f in read.findings] == [Severity.WARNING]
    assert read.manifests[0].body["data"] == {"b": 1}


def test_lists_are_replaced_by_their_items() -> None:
    stream = """\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: A
  metadata: {name: a}
- apiVersion: v1
  kind: ConfigMapList
  items:
  - metadata: {name: b}
"""
    read = read_stream(stream.encode(), "f.yaml")

    assert read.findings == ()
    assert [(m.api_version, m.kind, m.name, m.source.line, m.text) for m in read.manifests] == [
        ("v1", "A", "a", 4, None),
        ("v1", "ConfigMap", "b", 7, None),
    ]


def test_json_streams_are_read_and_keep_their_text() -> None:
    one, two = ('{"apiVersion":"v1","kind":"A","metadata":{"name":"%s"},"x":"\\ud83d\\ude00\\/"}' % n for n in "ab")  # noqa: UP031
    read = read_stream(f"{one}\n{two}".encode(), "-")

    assert read.findings == ()
    assert [(m.text, m.source.line, m.body["x"]) for m in read.manifests] == [(one, 1, "😀/"), (two, 2, "😀/")]


def test_what_kustomize_built_has_no_lines_of_its_own() -> None:
    read = read_stream(b"apiVersion: v1\nkind: A\n", "overlays/dev", built=True)

    assert [str(f.where) for f in read.findings] == ["overlays/dev  $.metadata.name"]


PARSED: dict[str, tuple[str, Any]] = {
    "nothing": ("", None),
    "a block": ("a:\n- b: 1\n  c: on\n", {"a": [{"b": 1, "c": True}]}),
    "a byte order mark": ("\ufeffa: 1\n", {"a": 1}),
    "windows line ends": ("a: |\r\n  x\r\n  y\r\n", {"a": "x\ny\n"}),
    "a list of merges": (
        "a: &a {x: 1}\nb: &b {x: 2, w: 2}\nc: {<<: [*a, *b]}\n",
        {"a": {"x": 1}, "b": {"x": 2, "w": 2}, "c": {"x": 1, "w": 2}},
    ),
    "an alias as a key": ("a: &a 1\n*a : b\n", {"a": 1, "1": "b"}),
    "a JSON number": ('{"a": 1.0, "b": 1e3}', {"a": 1, "b": 1000}),
}


@pytest.mark.parametrize(("text", "expected"), PARSED.values(), ids=PARSED.keys())
def test_one_document_is_parsed(text: str, expected: Any) -> None:
    assert parse(text) == expected


def test_parse_refuses_a_key_that_stands_twice() -> None:
    with pytest.raises(YamlError) as caught:
        parse("a:\n  b: 1\n  b: 2\n")

    assert (caught.value.line, caught.value.message, caught.value.code) == (
        3,
        'the key "b" stands in line 2 already',
        "KW0112",
    )


def test_the_parser_without_libyaml_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '# c\na: &a {b: 0644, on: [~, 1:30, "x", !!str 1]}\nc: {<<: *a, d: e}\n'
    bad = ["a: [1\nb: 2\n", "a: 1\nb: \x07\n", "a:\n\tb: 1\n", "a: *x\n"]
    expected = parse(text)
    codes = [told(one)[0][:2] for one in bad]
    monkeypatch.setattr(construct, "open_events", events.open_pure)

    assert parse(text) == expected
    assert [told(one)[0][:2] for one in bad] == codes


def test_an_ordinary_manifest_loads_no_parser() -> None:
    program = f"""
import sys
from keywave.objects.splice import text_of
from keywave.objects.yamlio import read_stream
(manifest,) = read_stream({GOOD.encode()!r}, "-").manifests
text_of(manifest)
print("yaml" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
