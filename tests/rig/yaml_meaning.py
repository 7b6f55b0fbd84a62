"""What a YAML text means to Kubernetes: tools/go/yaml-helper, asked line by line."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

from rig.machine import program


class YamlRefused(Exception):
    """The Kubernetes parser's error text."""


class YamlMeaning:
    """One helper process. Safe to be asked from several threads, one after another."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._turn = threading.Lock()

    def value(self, document: str | bytes) -> Any:
        """sigs.k8s.io/yaml.YAMLToJSON of one document. Raises YamlRefused."""
        return self._ask("value", document)["json"]

    def strict(self, document: str | bytes) -> Any:
        """The same, duplicate keys refused. Raises YamlRefused."""
        return self._ask("strict", document)["json"]

    def stream(self, text: str | bytes) -> list[Any]:
        """The documents of a stream as kubectl and Argo CD read them. Raises YamlRefused."""
        return list(self._ask("stream", text)["json"])

    def split(self, text: str | bytes) -> list[bytes]:
        """The documents of a stream as text. Raises YamlRefused."""
        return [base64.b64decode(document) for document in self._ask("split", text)["documents"]]

    def _ask(self, mode: str, text: str | bytes) -> dict[str, Any]:
        data = text.encode() if isinstance(text, str) else text
        question = json.dumps({"mode": mode, "doc": base64.b64encode(data).decode()})
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with self._turn:
            stdin.write(question.encode() + b"\n")
            stdin.flush()
            line = stdout.readline()
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise YamlRefused(answer["error"])
        return answer


@contextlib.contextmanager
def yaml_meaning() -> Iterator[YamlMeaning]:
    process = subprocess.Popen([program("yaml-helper")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    # Its input closed, it ends: so it does when the test run is killed.
    with process:
        yield YamlMeaning(process)
