"""What Go's text/template and sprig make of a template: tools/go/template-helper, asked in batches."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rig.machine import program


class Question(NamedTuple):
    """`data` is JSON text. `numbers`: what its numbers become, "float" (float64) or "number" (json.Number, as Vault's client reads).
    `input`: `data` is {"secrets": ..., "metadata": ..., "annotations": ..., "labels": ...}, handed over as a struct."""

    template: str
    data: str = "null"
    numbers: str = "float"
    input: bool = False
    others: Mapping[str, str] = {}


class Answer(NamedTuple):
    """`output` None: `error` is "parse" or "exec", and `message` Go's words (which may hold data)."""

    output: bytes | None
    error: str
    message: str


class GoTemplates:
    """One helper process. Safe to be asked from several threads, one after another."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._turn = threading.Lock()

    def render(self, question: Question) -> Answer:
        return self.render_all([question])[0]

    def render_all(self, questions: Sequence[Question]) -> list[Answer]:
        """The answers, in order."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None

        def ask() -> None:
            stdin.write(b"".join(map(_line, questions)))
            stdin.flush()

        with self._turn:
            # Both pipes may fill up: ask and listen at once.
            asking = threading.Thread(target=ask, daemon=True)
            asking.start()
            answers = [_answer(stdout.readline()) for _ in questions]
            asking.join()
        return answers


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()


def _line(question: Question) -> bytes:
    asked: dict[str, Any] = {
        "template": _encoded(question.template),
        "data": "@",
        "numbers": question.numbers,
        "input": question.input,
        "others": {name: _encoded(text) for name, text in question.others.items()},
    }
    # The data's own text: how its numbers are written counts.
    return json.dumps(asked).replace('"data": "@"', f'"data": {question.data}', 1).encode() + b"\n"


def _answer(line: bytes) -> Answer:
    said = json.loads(line)
    assert said.get("error") != "question", said
    output = base64.b64decode(said["output"]) if "output" in said else None
    return Answer(output, said.get("error", ""), said.get("message", ""))


@contextlib.contextmanager
def go_templates(functions: Sequence[str]) -> Iterator[GoTemplates]:
    """`functions`: the names of sprig's functions that templates may call, beside Go's own."""
    argv = [str(program("template-helper")), " ".join(functions)]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    # Its input closed, it ends: so it does when the test run is killed.
    with process:
        yield GoTemplates(process)
