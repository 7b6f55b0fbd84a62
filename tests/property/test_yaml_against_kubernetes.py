"""Our reading against sigs.k8s.io/yaml: on hand-made traps, in every position, and on generated texts.

Rule: where Kubernetes reads a value we read the same one, or refuse; where it refuses, so do we. What we refuse beyond it is listed.
"""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yaml_documents import WORDS, equal, styled_documents
from yaml_traps import DOCUMENTS, SCALARS, STREAMS, STRICTER

from keywave.objects.construct import construct
from keywave.objects.yamlerror import YamlError
from keywave.objects.yamlio import parse, read_stream
from rig.yaml_meaning import YamlMeaning, YamlRefused

REFUSED = object()
POSITIONS = ["k: %s\n", "%s: v\n", "- %s\n", "[%s]\n", "{k: %s}\n", "{%s: v}\n", "%s", "k:\n  - a: %s # c\n"]


def ours(text: str) -> Any:
    try:
        return construct(text.removeprefix("\ufeff")).value
    except YamlError:
        return REFUSED


def theirs(yaml_meaning: YamlMeaning, text: str) -> Any:
    try:
        return yaml_meaning.value(text)
    except YamlRefused:
        return REFUSED


def agree(left: Any, right: Any) -> bool:
    return left is right if REFUSED in (left, right) else equal(left, right)


@pytest.mark.parametrize("position", POSITIONS)
def test_every_scalar_trap_in_every_position(yaml_meaning: YamlMeaning, position: str) -> None:
    texts = [position.replace("%s", scalar) for scalar in SCALARS]
    differing = {
        text: (theirs(yaml_meaning, text), ours(text))
        for text in texts
        if not agree(theirs(yaml_meaning, text), ours(text))
    }

    assert {text: pair for text, pair in differing.items() if text not in STRICTER} == {}


def test_every_document_trap(yaml_meaning: YamlMeaning) -> None:
    differing = [text for text in DOCUMENTS if not agree(theirs(yaml_meaning, text), ours(text))]

    assert [text for text in differing if text not in STRICTER] == []


@pytest.mark.parametrize("text", STRICTER)
def test_what_we_refuse_although_kubernetes_reads_a_part_of_it(yaml_meaning: YamlMeaning, text: str) -> None:
    assert theirs(yaml_meaning, text) is not REFUSED
    with pytest.raises(YamlError):
        parse(text)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_generated_documents_mean_the_same(yaml_meaning: YamlMeaning, data: st.DataObject) -> None:
    text = data.draw(styled_documents)

    assert equal(ours(text), theirs(yaml_meaning, text)), text


plain = st.text(alphabet="0123456789+-._eExXobBaAfFnNyYtT:~ ", min_size=1, max_size=9)


@settings(max_examples=500, deadline=None)
@given(plain | st.sampled_from(WORDS))
def test_generated_plain_scalars_mean_the_same(yaml_meaning: YamlMeaning, scalar: str) -> None:
    text = f"k: {scalar}\n"
    expected, actual = theirs(yaml_meaning, text), ours(text)

    assert agree(actual, expected) or _content_is_dropped(text), (text, actual, expected)


def _content_is_dropped(text: str) -> bool:
    """Kubernetes reads the first document of a text and is silent about the rest; we are not."""
    try:
        return not construct(text).ended
    except YamlError as problem:
        return "document start" in problem.message or problem.code == "KW0109"


soup = st.text(alphabet="ab:-?[]{},#&*!|>'\"% \n\t01", max_size=24)


@settings(max_examples=500, deadline=None)
@given(soup)
def test_generated_noise_never_means_something_else(yaml_meaning: YamlMeaning, text: str) -> None:
    """For noise the rule is one-sided: refusing more than Kubernetes is allowed, reading something else is not.

    `parse` refuses keys that stand twice: for `1` beside `"1"` Kubernetes takes either, as its map happens to be ordered.
    """
    try:
        actual = parse(text)
    except YamlError:
        return
    expected = theirs(yaml_meaning, text)

    assert agree(actual, expected), (text, actual, expected)


@settings(max_examples=200, deadline=None)
@given(soup | styled_documents)
def test_nothing_but_yaml_error_is_raised(text: str) -> None:
    with contextlib.suppress(YamlError):
        parse(text)
    read = read_stream(text.encode(), "noise.yaml")
    lines = text.count("\n") + 1

    assert all(finding.code.startswith("KW01") and 1 <= finding.where.line <= lines for finding in read.findings)


@pytest.mark.parametrize("stream", STREAMS, ids=repr)
def test_streams_hold_the_objects_that_kubectl_and_argo_cd_see(yaml_meaning: YamlMeaning, stream: str) -> None:
    read = read_stream(stream.encode(), "stream.yaml")
    bodies = [manifest.body for manifest in read.manifests]

    assert read.findings == ()
    assert bodies == [value for value in yaml_meaning.stream(stream) if value is not None]


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a: {b: 1, b: 1}\n", "1: a\n0x1: b\n", "- {a: 1, 'a': 1}\n"])
def test_keys_that_stand_twice_are_refused_as_by_the_strict_reader(yaml_meaning: YamlMeaning, text: str) -> None:
    with pytest.raises(YamlRefused):
        yaml_meaning.strict(text)
    with pytest.raises(YamlError, match="stands in line"):
        parse(text)
