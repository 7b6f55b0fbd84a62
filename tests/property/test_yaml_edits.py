"""A changed object keeps its text: it means the new body, and lines that the change does not touch stay as they were."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from yaml_documents import equal, scalars, styled, styled_documents, texts, values

from keywave.objects.manifest import Manifest
from keywave.objects.splice import text_of
from keywave.objects.yamlio import parse


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [above]
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in children:
        found.extend(places(item, (*above, key)))
    return found


@st.composite
def edits(draw: st.DrawFn, body: dict[str, Any]) -> dict[str, Any]:
    """The body with one to three changes: a value replaced, an entry added or removed, anywhere."""
    changed = copy.deepcopy(body)
    for _ in range(draw(st.integers(1, 3))):
        *above, last = ("root", *draw(st.sampled_from(places(changed))))
        parent: Any = {"root": changed}
        for key in above:
            parent = parent[key]
        target = parent[last]
        action = draw(st.sampled_from(["replace", "add", "remove"]))
        if action == "add" and isinstance(target, dict):
            target[draw(texts)] = draw(values)
        elif action == "add" and isinstance(target, list):
            target.insert(draw(st.integers(0, len(target))), draw(values))
        elif last == "root":
            changed["added"] = draw(scalars)
        elif action == "remove":
            del parent[last]
        else:
            parent[last] = draw(values)
    return changed


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_an_edited_text_means_the_new_body(data: st.DataObject) -> None:
    written = data.draw(styled_documents)
    before = parse(written)
    after = data.draw(edits(before))
    text = text_of(Manifest(after, text=written, parsed=before))

    assert text.endswith("\n")
    assert equal(parse(text), after), text


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_key_added_to_a_block_mapping_adds_lines_and_changes_none(data: st.DataObject) -> None:
    names = st.text(alphabet="bcdef", min_size=1, max_size=6)
    body = data.draw(
        st.dictionaries(names, st.dictionaries(names, scalars, min_size=1, max_size=3), min_size=2, max_size=4)
    )
    indent = data.draw(st.sampled_from(["  ", "    "]))
    lines = []
    for key, inner in body.items():
        lines += [
            f"# about {key}",
            f"{key}:",
            *(f"{indent}{k}: {styled(v, 8, flow=True).strip()}  # {k}" for k, v in inner.items()),
        ]
    written = "\n".join(lines) + "\n"
    chosen = data.draw(st.sampled_from(sorted(body)))
    after = {**body, chosen: {**body[chosen], "added": "1"}}
    text = text_of(Manifest(after, text=written, parsed=parse(written)))
    remaining = text.splitlines()
    remaining.remove(f'{indent}added: "1"')

    assert remaining == lines


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_an_unchanged_object_keeps_every_byte(data: st.DataObject) -> None:
    written = data.draw(styled_documents)
    value = parse(written)

    assert text_of(Manifest(value, text=written, parsed=value)) == written
    assert text_of(Manifest(copy.deepcopy(value), text=written, parsed=value)) == written
