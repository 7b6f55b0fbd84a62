from __future__ import annotations

import copy
import difflib
from collections.abc import Callable
from typing import Any

import pytest

from keywave.objects.annotate import annotated
from keywave.objects.manifest import Manifest
from keywave.objects.splice import text_of
from keywave.objects.yamlio import parse, read_stream

DEPLOYMENT = """\
# the shop
apiVersion: apps/v1   # stays
kind: Deployment
metadata:
  name: "shop"
  labels: {app: shop, tier: "front"}
  # where
  namespace: team-a # beside

spec:
  replicas: 2  # two
  template:
    metadata:
      labels:
        app: shop
    spec:
      serviceAccountName: shop
      containers:
      - name: app
        image: 'shop:1'
        args: [serve, --port=80]
        env: []
        command:
          - sh
          - -c   # what
          - run
        envFrom:
        - secretRef: &ref
            name: shop
        script: |
          one
          two

        # tail
      - name: side
        mode: 0644
"""


def changed(change: Callable[[Any], None], text: str = DEPLOYMENT) -> str:
    parsed = parse(text)
    body = copy.deepcopy(parsed)
    change(body)
    written = text_of(Manifest(body, text=text, parsed=parsed))

    assert parse(written) == body
    return written


def difference(change: Callable[[Any], None], text: str = DEPLOYMENT) -> list[str]:
    lines = difflib.unified_diff(text.splitlines(), changed(change, text).splitlines(), n=0, lineterm="")
    return [line for line in lines if line[:3] not in ("---", "+++") and line[:2] != "@@"]


def container(body: Any) -> Any:
    return body["spec"]["template"]["spec"]["containers"][0]


EDITS: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "an annotation where there was none": (
        lambda b: b["metadata"].update(annotations={"argocd.argoproj.io/sync-wave": "-1"}),
        ["+  annotations:", '+    argocd.argoproj.io/sync-wave: "-1"'],
    ),
    "a scalar keeps its comment": (
        lambda b: b["spec"].update(replicas=3),
        ["-  replicas: 2  # two", "+  replicas: 3  # two"],
    ),
    "a quoted text stays quoted": (
        lambda b: (b["metadata"].update(name="store"), container(b).update(image="shop:2")),
        ['-  name: "shop"', '+  name: "store"', "-        image: 'shop:1'", "+        image: 'shop:2'"],
    ),
    "a key in a flow mapping": (
        lambda b: b["metadata"]["labels"].update({"a.b/c": "1"}),
        ['-  labels: {app: shop, tier: "front"}', '+  labels: {app: shop, tier: "front", a.b/c: "1"}'],
    ),
    "a key taken from a flow mapping": (
        lambda b: b["metadata"]["labels"].pop("app"),
        ['-  labels: {app: shop, tier: "front"}', '+  labels: {tier: "front"}'],
    ),
    "a key removed": (lambda b: b["metadata"].pop("namespace"), ["-  namespace: team-a # beside"]),
    "a key with a block removed": (
        lambda b: container(b).pop("envFrom"),
        ["-        envFrom:", "-        - secretRef: &ref", "-            name: shop"],
    ),
    "the first key behind a dash removed": (
        lambda b: container(b).pop("name"),
        ["-      - name: app", "-        image: 'shop:1'", "+      - image: 'shop:1'"],
    ),
    "an item at the end": (
        lambda b: container(b)["envFrom"].append({"secretRef": {"name": "two"}}),
        ["+        - secretRef:", "+            name: two"],
    ),
    "an item at the start": (lambda b: container(b)["command"].insert(0, "env"), ["+          - env"]),
    "an item in the middle removed": (lambda b: container(b)["command"].pop(1), ["-          - -c   # what"]),
    "an item of a flow list": (
        lambda b: container(b)["args"].insert(1, "-v"),
        ["-        args: [serve, --port=80]", "+        args: [serve, -v, --port=80]"],
    ),
    "an empty list filled": (
        lambda b: container(b).update(env=[{"name": "A", "value": "on"}]),
        ["-        env: []", "+        env:", "+        - name: A", '+          value: "on"'],
    ),
    "a list emptied": (
        lambda b: container(b).update(command=[]),
        [
            "-        command:",
            "-          - sh",
            "-          - -c   # what",
            "-          - run",
            "+        command: []",
        ],
    ),
    "a text of several lines": (
        lambda b: container(b).update(script="one\nthree\n"),
        ["-          two", "+          three"],
    ),
    "an item of another kind": (
        lambda b: b["spec"]["template"]["spec"]["containers"].append({"name": "third"}),
        ["+      - name: third"],
    ),
    "a value of another kind": (
        lambda b: b["spec"].update(replicas={"min": 1}),
        ["-  replicas: 2  # two", "+  replicas:", "+    min: 1  # two"],
    ),
}


@pytest.mark.parametrize(("change", "expected"), EDITS.values(), ids=EDITS.keys())
def test_an_edit_touches_only_its_own_lines(change: Callable[[Any], None], expected: list[str]) -> None:
    assert difference(change) == expected


def test_an_unchanged_object_keeps_every_byte_but_gets_its_last_newline() -> None:
    text = "apiVersion: v1\r\nkind:   A # c\r\nmetadata: {name: a}\r\nmode: 0644"
    (manifest,) = read_stream(text.encode(), "f.yaml").manifests

    assert text_of(manifest) == text + "\n"
    assert text_of(manifest.with_body(copy.deepcopy(dict(manifest.body)))) == text + "\n"


def test_windows_line_ends_stay_and_new_lines_get_them() -> None:
    text = DEPLOYMENT.replace("\n", "\r\n")
    written = changed(lambda b: b["metadata"].update(annotations={"a": "b"}), text)

    assert "  namespace: team-a # beside\r\n  annotations:\r\n    a: b\r\n" in written
    assert "\n" not in written.replace("\r\n", "")


ANNOTATIONS: dict[str, tuple[str, str]] = {
    "after the annotations that are there": (
        "metadata:\n  name: a\n  annotations:\n    x: w  # c\n    # below\n  labels: {}\nspec: {}\n",
        'metadata:\n  name: a\n  annotations:\n    x: w  # c\n    new: "1"\n    # below\n  labels: {}\nspec: {}\n',
    ),
    "with the indentation of the neighbours": (
        "metadata:\n    annotations:\n        x: w\n    name: a\n",
        'metadata:\n    annotations:\n        x: w\n        new: "1"\n    name: a\n',
    ),
    "before blank lines and comments": (
        "metadata:\n  name: a\n\n# about spec\nspec: {}\n",
        'metadata:\n  name: a\n  annotations:\n    new: "1"\n\n# about spec\nspec: {}\n',
    ),
    "into a flow mapping": ("metadata: {name: a}\n", 'metadata: {name: a, annotations: {new: "1"}}\n'),
    "into annotations on one line": (
        "metadata:\n  annotations: {x: w}\n",
        'metadata:\n  annotations: {x: w, new: "1"}\n',
    ),
    "into empty annotations": (
        "metadata:\n  annotations:\n  name: a\n",
        'metadata:\n  annotations:\n    new: "1"\n  name: a\n',
    ),
    "not into a text that looks like metadata": (
        "data: |\n  metadata:\n    name: b\nmetadata:\n  name: a",
        'data: |\n  metadata:\n    name: b\nmetadata:\n  name: a\n  annotations:\n    new: "1"\n',
    ),
}


@pytest.mark.parametrize(("text", "expected"), ANNOTATIONS.values(), ids=ANNOTATIONS.keys())
def test_an_annotation_goes(text: str, expected: str) -> None:
    body = parse(text)
    manifest = Manifest(body, text=text, parsed=body).with_annotations({"new": "1"})

    assert text_of(manifest) == expected


def test_anchors_stay_where_a_change_is_beside_them() -> None:
    text = "base: &base {a: 1}\nleft:\n  <<: *base\nright: *base\n"

    assert difference(lambda b: b["left"].update(w=2), text) == ["+  w: 2"]


def test_a_change_behind_an_alias_writes_the_object_anew() -> None:
    text = "# comment\nbase: &base {a: 1}\nright: *base\n"

    assert changed(lambda b: b.update(right={"a": 2}), text) == "base:\n  a: 1\nright:\n  a: 2\n"
    assert changed(lambda b: b.update(base={"a": 2}), text) == "base:\n  a: 2\nright:\n  a: 1\n"


def test_json_stays_json() -> None:
    text = '{"kind": "A", "metadata": {"name": "a"}, "list": []}\n'
    written = changed(lambda b: (b["metadata"].update(annotations={"x": "on"}), b["list"].append(1)), text)

    assert written == '{"kind": "A", "metadata": {"name": "a", "annotations": {"x": "on"}}, "list": [1]}\n'


def test_a_made_object_is_dumped() -> None:
    assert text_of(Manifest({"apiVersion": "v1", "data": {"x": "on"}})) == 'apiVersion: v1\ndata:\n  x: "on"\n'


def test_the_quick_way_is_taken_for_an_ordinary_manifest() -> None:
    body = parse(DEPLOYMENT)
    metadata = {**body["metadata"], "annotations": {"new": "1"}}
    written = annotated(DEPLOYMENT, body, {**body, "metadata": metadata})

    assert written == DEPLOYMENT.replace("# beside\n", '# beside\n  annotations:\n    new: "1"\n')
    assert annotated(DEPLOYMENT, body, {**body, "metadata": metadata, "spec": {}}) is None
