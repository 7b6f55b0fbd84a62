"""How the checks are asked: YAML in, one line a finding out."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from keywave.findings import Finding
from keywave.intent.load import load
from keywave.objects.yamlio import read_stream
from keywave.validate import validate

Judge = Callable[..., list[Finding]]


@pytest.fixture
def judge() -> Judge:
    """`judge(yaml, target="argocd")` -> the findings about these documents; the documents themselves must be readable."""

    def ask(documents: str, *, target: str = "argocd") -> list[Finding]:
        read = read_stream(dedent(documents).encode(), "tree.yaml")
        assert [str(f) for f in read.findings] == []
        loaded = load(read.manifests)
        # What workloads need (KW2) has tests of its own.
        return [f for f in validate(loaded.rest, loaded, target=target) if not f.code.startswith("KW2")]

    return ask


@pytest.fixture
def told(judge: Judge) -> Callable[..., list[str]]:
    """`told(yaml)` -> one line a finding: severity, code, place, message, hint."""

    def ask(documents: str, *, target: str = "argocd") -> list[str]:
        return [
            f"{f.severity.value} {f.code} {f.where.path}: {f.message} -> {f.hint}"
            for f in judge(documents, target=target)
        ]

    return ask
