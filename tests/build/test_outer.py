"""The outer kustomization: what a wrapper must not change, and Argo CD's overrides with Argo CD's meaning."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from build_trees import FakeTool, WriteTree, config_map, told

from keywave.build import BuildOptions, Built, Overrides, read
from keywave.build.edit import parse_image
from keywave.errors import OutputError
from keywave.objects.manifest import mapping

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: app, image: "web:v1"}
      - {name: proxy, image: "envoy:v1"}
"""
APP = {
    "base/kustomization.yaml": "resources: [d.yaml]\n",
    "base/d.yaml": DEPLOYMENT,
    "app/kustomization.yaml": """\
resources: [../base, cm.yaml]
namePrefix: prod-
namespace: prod
images:
- {name: web, newName: registry.example.com/web, newTag: v2}
commonAnnotations: {team: a}
configMapGenerator:
- {name: settings, files: [deep/settings.txt, other=deep/settings.txt], options: {disableNameSuffixHash: true}}
patches:
- path: deep/patch.yaml
""",
    "app/cm.yaml": config_map("plain"),
    "app/deep/settings.txt": "colour: blue\n",
    "app/deep/patch.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {minReadySeconds: 3}\n",
    "app/extra/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -x\n",
}


def built(overrides: Overrides, path: str = "app") -> Built:
    return read(path, BuildOptions(overrides=overrides))


def deployment(found: Built) -> dict[str, Any]:
    assert told(found) == []
    return next(dict(m.body) for m in found.manifests if m.kind == "Deployment")


def images(found: Built) -> list[str]:
    return [c["image"] for c in deployment(found)["spec"]["template"]["spec"]["containers"]]


@pytest.fixture
def app(write: WriteTree, real_kustomize: Path, nothing_left: None) -> Path:
    return write(APP)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param(("web:v3",), ["web:v3", "envoy:v1"], id="name:tag takes the place of the entry, its new name too"),
        pytest.param(("web=registry/web:v3",), ["registry/web:v3", "envoy:v1"], id="name=new:tag"),
        pytest.param(("web=*:v3",), ["registry.example.com/web:v3", "envoy:v1"], id="an asterisk keeps the new name"),
        pytest.param(("envoy@sha256:ab",), ["registry.example.com/web:v2", "envoy@sha256:ab"], id="name@digest"),
        pytest.param(("web=w", "envoy=e:v9"), ["w:v1", "e:v9"], id="several at once"),
    ],
)
def test_images(app: Path, texts: tuple[str, ...], expected: list[str]) -> None:
    assert images(built(Overrides(images=texts))) == expected


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("a:1", {"name": "a", "newTag": "1"}),
        ("r.example.com:5000/a:1", {"name": "r.example.com:5000/a", "newTag": "1"}),
        ("a@sha256:b", {"name": "a", "digest": "sha256:b"}),
        ("a=b", {"name": "a", "newName": "b"}),
        ("a=b:1@sha256:c", {"name": "a", "newName": "b", "newTag": "1", "digest": "sha256:c"}),
        ("a=r.example.com:5000/b", {"name": "a", "newName": "r.example.com:5000/b"}),
        ("a", None),
        ("", None),
        ("=a", None),
        ("a=", None),
    ],
)
def test_an_image_is_read_as_kustomize_reads_it(text: str, entry: dict[str, str] | None) -> None:
    assert parse_image(text) == entry


def test_names_and_namespace_take_the_place_of_the_files_own(app: Path) -> None:
    found = built(Overrides(name_prefix="pr-7-", name_suffix="-b", namespace="preview"))

    assert sorted(m.subject for m in found.manifests) == [
        "ConfigMap preview/pr-7-plain-b",
        "ConfigMap preview/pr-7-settings-b",
        "Deployment preview/pr-7-web-b",
    ]


def test_everything_else_of_the_users_kustomization_still_holds(app: Path) -> None:
    found = built(Overrides(namespace="preview"))
    settings = next(m for m in found.manifests if m.name == "prod-settings")

    assert settings.body["data"] == {"settings.txt": "colour: blue\n", "other": "colour: blue\n"}
    assert deployment(found)["spec"]["minReadySeconds"] == 3
    assert images(found) == ["registry.example.com/web:v2", "envoy:v1"]
    assert {m.annotations["team"] for m in found.manifests} == {"a"}


def test_replicas(app: Path) -> None:
    assert deployment(built(Overrides(replicas={"web": 5})))["spec"]["replicas"] == 5


def test_labels_go_into_selectors_unless_asked(app: Path) -> None:
    label = {"tier": "x"}
    body = deployment(built(Overrides(common_labels=label)))
    bare = deployment(built(Overrides(common_labels=label, label_without_selector=True)))
    templates = deployment(
        built(Overrides(common_labels=label, label_without_selector=True, label_include_templates=True))
    )

    def places(of: dict[str, Any]) -> list[bool]:
        spec = of["spec"]
        return [
            "tier" in m
            for m in (of["metadata"]["labels"], spec["selector"]["matchLabels"], spec["template"]["metadata"]["labels"])
        ]

    assert (places(body), places(bare), places(templates)) == (
        [True, True, True],
        [True, False, False],
        [True, False, True],
    )


def test_annotations_do_not_replace_others_unless_forced(app: Path) -> None:
    new = {"team": "b", "pr": "7"}

    assert told(built(Overrides(common_annotations=new))) == [
        ("KW0210", "app/kustomization.yaml", "annotation team is in the kustomization already and would be replaced")
    ]
    assert {
        tuple(sorted(m.annotations.items()))
        for m in built(Overrides(common_annotations=new, force_common_annotations=True)).manifests
    } == {(("pr", "7"), ("team", "b"))}


@pytest.mark.parametrize("field", ["commonLabels: {a: b}", "labels: [{pairs: {a: b}}]"])
def test_labels_do_not_replace_others_unless_forced(write: WriteTree, real_kustomize: Path, field: str) -> None:
    write({"app/kustomization.yaml": f"resources: [a.yaml]\n{field}\n", "app/a.yaml": config_map("a")})
    bare = field.startswith("labels")
    found = built(Overrides(common_labels={"a": "c"}, label_without_selector=bare))
    forced = built(Overrides(common_labels={"a": "c"}, label_without_selector=bare, force_common_labels=True))

    assert told(found) == [
        ("KW0210", "app/kustomization.yaml", "label a is in the kustomization already and would be replaced")
    ]
    assert [dict(m.labels) for m in forced.manifests] == [{"a": "c"}]


def test_an_image_that_makes_no_sense_is_a_finding(app: Path) -> None:
    assert told(built(Overrides(images=("web",)))) == [
        ("KW0210", "app/kustomization.yaml", 'image override "web" is none that kustomize understands')
    ]


def test_components_are_relative_to_the_users_folder(app: Path) -> None:
    assert "prod-plain-x" in {m.name for m in built(Overrides(components=("extra",))).manifests}


def test_a_missing_component_is_a_finding_unless_that_is_wanted(app: Path) -> None:
    missing = Overrides(components=("nowhere",))

    assert told(built(missing)) == [("KW0204", "app/kustomization.yaml", "app/nowhere is not there")]
    assert told(built(Overrides(components=("nowhere",), ignore_missing_components=True))) == []


@pytest.mark.parametrize(
    "patch",
    [
        {"patch": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {paused: true}\n"},
        {"patch": "- {op: add, path: /spec/paused, value: true}", "target": {"kind": "Deployment"}},
        {"path": "../app/deep/extra.yaml"},
    ],
    ids=["a merge", "operations", "a file"],
)
def test_patches_come_after_the_users_own(write: WriteTree, app: Path, patch: dict[str, Any]) -> None:
    write(
        {"app/deep/extra.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {paused: true}\n"}
    )
    spec = deployment(built(Overrides(patches=(patch,))))["spec"]

    assert (spec["paused"], spec["minReadySeconds"]) == (True, 3)


def test_a_patch_file_out_of_the_tree_is_refused(app: Path) -> None:
    assert told(built(Overrides(patches=({"path": "../../x.yaml"},)))) == [
        ("KW0205", "app/kustomization.yaml", "../x.yaml leads out of the tree")
    ]


def test_paths_in_overrides_of_plain_input_are_checked_too(
    write: WriteTree, real_kustomize: Path, nothing_left: None
) -> None:
    write(
        {
            "plain/a.yaml": config_map("a"),
            "shared/kustomization.yaml": APP["app/extra/kustomization.yaml"],
        }
    )

    assert [m.name for m in built(Overrides(components=("../shared",)), "plain").manifests] == ["a-x"]
    assert told(built(Overrides(components=("https://example.com/x",)), "plain")) == [
        ("KW0201", "plain", "remote entry refused: https://example.com/x")
    ]


def test_with_plugins_overrides_are_laid_over_the_users_folder(write: WriteTree, real_kustomize: Path) -> None:
    transformer = "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: t-\nfieldSpecs: [{path: metadata/name}]\n"
    write(
        {
            "app/kustomization.yaml": "resources: [a.yaml]\ntransformers: [t.yaml]\n",
            "app/a.yaml": config_map("a"),
            "app/t.yaml": transformer,
        }
    )

    assert [m.name for m in built(Overrides(name_prefix="pr-")).manifests] == ["pr-t-a"]


def test_nothing_is_written_into_the_users_tree(app: Path) -> None:
    before = sorted((p, p.stat().st_mtime_ns) for p in app.rglob("*"))
    built(Overrides(images=("web:v3",), components=("extra",), name_prefix="x-"))

    assert sorted((p, p.stat().st_mtime_ns) for p in app.rglob("*")) == before


SCHEMA = """\
{"definitions": {"v1.Thing": {"properties": {"spec": {"properties": {"parts": {"items": {"type": "object"}, "type": "array",
"x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge"}}, "type": "object"}},
"x-kubernetes-group-version-kind": [{"group": "example.com", "kind": "Thing", "version": "v1"}]}}}
"""
TOP_FIELDS = {
    "sortOptions fifo": "sortOptions: {order: fifo}\n",
    "sortOptions legacy": "sortOptions: {order: legacy}\n",
    "buildMetadata": "buildMetadata: [originAnnotations, transformerAnnotations, managedByLabel]\n",
    "openapi path": "openapi: {path: schema.json}\n",
    "nothing": "",
}


@pytest.mark.parametrize("field", TOP_FIELDS.values(), ids=TOP_FIELDS.keys())
@pytest.mark.parametrize("overrides", [Overrides(), Overrides(name_suffix="-s")], ids=["wrapped", "copied"])
def test_the_output_is_what_a_plain_build_gives(
    write: WriteTree, real_kustomize: Path, nothing_left: None, field: str, overrides: Overrides
) -> None:
    thing = (
        "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nspec: {parts: [{name: a, size: 1}, {name: b}]}\n"
    )
    top = write(
        {
            "base/kustomization.yaml": "resources: [t.yaml]\n",
            "base/t.yaml": f"{thing}---\n{config_map('z')}---\n{config_map('b')}",
            "app/kustomization.yaml": f"resources: [../base, n.yaml]\nnamePrefix: p-\nnameSuffix: -s\npatches: [{{path: p.yaml}}]\n{field}",
            "app/n.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n",
            "app/p.yaml": "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nspec: {parts: [{name: a, size: 2}]}\n",
            "app/schema.json": SCHEMA,
        }
    )
    plain = subprocess.run([real_kustomize, "build", top / "app"], capture_output=True, check=True, text=True)
    found = built(overrides)

    assert "".join(f"{m.text}" for m in found.manifests) == plain.stdout.replace("\n---\n", "\n")
    merged = next(m for m in found.manifests if m.kind == "Thing")
    assert len(merged.spec["parts"]) == (2 if "openapi" in field else 1)


def test_the_users_own_configurations_stay_in_force(write: WriteTree, real_kustomize: Path) -> None:
    write(
        {
            "app/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: x-\nconfigurations: [c.yaml]\n",
            "app/c.yaml": "nameReference:\n- kind: ConfigMap\n  fieldSpecs:\n  - {kind: Thing, path: spec/settings}\n",
            "app/a.yaml": config_map("a")
            + "---\napiVersion: e/v1\nkind: Thing\nmetadata: {name: t}\nspec: {settings: a}\n",
        }
    )
    for overrides in (Overrides(), Overrides(name_prefix="x-")):
        thing = next(m for m in built(overrides).manifests if m.kind == "Thing")
        assert mapping(thing.spec) == {"settings": "x-a"}


def test_a_workspace_is_private(write: WriteTree, fake_tool: FakeTool, nothing_left: None) -> None:
    write(APP)
    folder = fake_tool('ls -ld "$2" > "$(dirname "$0")/listed"')
    built(Overrides(name_prefix="x-"))

    assert (folder / "listed").read_text().startswith("drwx------")


@pytest.mark.parametrize("temporary", ["/dev/null/x", "/proc"], ids=["not there", "not writable"])
def test_without_a_place_for_the_workspace_nothing_is_built(
    write: WriteTree, real_kustomize: Path, monkeypatch: pytest.MonkeyPatch, temporary: str
) -> None:
    write(APP)
    monkeypatch.setenv("TMPDIR", temporary)
    with pytest.raises(OutputError) as caught:
        built(Overrides(name_prefix="x-"))

    assert caught.value.summary.startswith(f"no temporary folder can be made in {temporary}: ")
    assert caught.value.exit_code == 3
