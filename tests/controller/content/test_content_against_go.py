"""`_raw` and values that are no text, beside Go's json.Marshal of the same answer."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keywave.controller.content.data import build_data
from keywave.controller.content.transformation import Transformation
from keywave.controller.model import resource_of
from keywave.gotemplate import Number
from rig.go_templates import GoTemplates, Question

KEYS = st.from_regex(r"[a-z]{1,5}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_a_secret_has_the_bytes_that_go_would_write(go_templates: GoTemplates, secrets: dict[str, object]) -> None:
    text = json.dumps({"data": secrets, "metadata": {}})
    raw = json.loads(text, parse_int=Number, parse_float=Number)
    made = build_data(raw["data"], raw, Transformation(), resource_of({}))
    whole = go_templates.render(Question("{{ toJson . }}", text, "number")).output
    assert made["_raw"] == whole
    for key, value in secrets.items():
        asked = Question("{{ toJson . }}", json.dumps(value), "number")
        expected = value.encode() if isinstance(value, str) else go_templates.render(asked).output
        assert made[key] == expected
