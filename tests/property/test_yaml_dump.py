"""What we write, everybody reads back."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from yaml_documents import equal, objects, values

from keywave.objects.dump import dump
from keywave.objects.yamlio import parse
from rig.yaml_meaning import YamlMeaning


@settings(max_examples=250, deadline=None)
@given(values | objects)
def test_reading_what_was_written_gives_the_value_back(value: Any) -> None:
    text = dump(value)

    assert text.endswith("\n")
    assert equal(parse(text), value), text


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_kubernetes_reads_what_was_written(yaml_meaning: YamlMeaning, data: st.DataObject) -> None:
    value = data.draw(values | objects)
    text = dump(value)

    assert equal(yaml_meaning.value(text), value), text


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=8), st.text(max_size=12) | st.sampled_from(["1:30", "0o7", "12e03", "2001-1-1", "=", "1_0"])
    )
)
def test_a_yaml_1_1_reader_sees_text_as_text(value: dict[str, str]) -> None:
    loaded = yaml.load(dump(value), Loader=yaml.CSafeLoader)

    assert loaded == value


NO_JSON = {"nan": float("nan"), "inf": float("inf"), "an object": object(), "a set": {"a": {1, 2}}}


@pytest.mark.parametrize("value", NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        dump(value)
