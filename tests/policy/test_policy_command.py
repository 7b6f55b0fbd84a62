"""`keywave policy` as a command: what goes to stdout, to stderr and into files, and when it exits with what."""

from __future__ import annotations

from pathlib import Path

import pytest

from keywave.lockfile.write import write_lock
from keywave.vault.inventory import Fact, Inventory, State
from keywave_process import APP, INTENT, PROFILE, keywave

POLICY = """\
path "kv/data/shop/app" {
  capabilities = ["read"]
}
"""
OTHER = """apiVersion: secrets.hashicorp.com/v1beta1
kind: VaultStaticSecret
metadata: {name: other, namespace: shop}
spec: {mount: kv, path: shop/other, type: kv-v2, destination: {name: other, create: true}, refreshAfter: 1h}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    for name, text in (("profile", PROFILE), ("intent", INTENT), ("app", APP)):
        (folder / f"{name}.yaml").write_text(text)
    return folder


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    role = {
        "audience": "vault",
        "bound_service_account_names": ("app",),
        "bound_service_account_namespaces": ("shop",),
        "token_policies": ("app",),
        "token_ttl": 3600,
    }
    found = Inventory(
        address="https://vault.example.com:8200",
        version="1.21.1",
        policies={("", "app"): Fact(State.PRESENT, POLICY)},
        roles={("", "auth/kubernetes/role/app"): Fact(State.PRESENT, role)},
    )
    file = tmp_path / "vault.json"
    file.write_text(write_lock(found, taken="2026-01-01T00:00:00Z"))
    return file


def test_files_on_stdout_stand_below_their_names(tree: Path) -> None:
    done = keywave("policy", str(tree))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "# policies/app.hcl\n# Policy app, made by keywave policy. Needed by:\n#   VaultStaticSecret shop/app\n"
        + POLICY
        + """
# roles/kubernetes/app.json
{
  "bound_service_account_names": [
    "app"
  ],
  "bound_service_account_namespaces": [
    "shop"
  ],
  "audience": "vault",
  "token_policies": [
    "app"
  ],
  "token_ttl": 3600
}
"""
    )


def test_one_file_goes_to_stdout_as_it_is(tree: Path) -> None:
    done = keywave("policy", str(tree), "--format", "cli")

    assert (done.returncode, done.stderr, done.stdout.splitlines()[0]) == (0, "", "#!/bin/sh")


def test_files_go_into_a_folder(tree: Path, tmp_path: Path) -> None:
    done = keywave("policy", str(tree), "--format", "terraform", "--out", str(tmp_path / "out"))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".keywave", "main.tf"]


def test_a_login_that_the_tree_does_not_hold_is_told_and_the_rest_is_written(tree: Path) -> None:
    (tree / "other.yaml").write_text(OTHER)

    done = keywave("policy", str(tree))

    assert done.returncode == 0
    assert POLICY in done.stdout
    assert "shop/other" not in done.stdout
    assert [line for line in done.stderr.splitlines() if "left out" in line] == [
        "keywave: the operator's default VaultAuth is left out: the tree does not hold this login (kv/shop/other)"
    ]


def test_the_verifier_gets_one_policy(tree: Path) -> None:
    done = keywave("policy", str(tree), "--verifier", "--out", "-")

    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if line.startswith("path")] == [
        'path "auth/kubernetes/role" {',
        'path "auth/kubernetes/role/+" {',
        'path "identity/group/id/+" {',
        'path "identity/lookup/entity" {',
        'path "kv/metadata/*" {',
        'path "kv/subkeys/*" {',
        'path "sys/auth" {',
        'path "sys/mounts" {',
        'path "sys/policies/acl" {',
        'path "sys/policies/acl/*" {',
    ]


@pytest.mark.parametrize(("check", "code"), [((), 0), (("--check",), 0)])
def test_a_lock_that_holds_the_plan_is_the_same(check: tuple[str, ...], code: int, tree: Path, lock: Path) -> None:
    done = keywave("policy", str(tree), "--plan", "--lock", str(lock), *check)

    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout == "policy app is the same\nrole auth/kubernetes/role/app is the same\n2 same\n"


@pytest.mark.parametrize(("check", "code"), [((), 0), (("--check",), 1)])
def test_a_difference_is_shown_and_fails_a_check_alone(
    check: tuple[str, ...], code: int, tree: Path, lock: Path
) -> None:
    lock.write_text(lock.read_text().replace("kv/data/shop/app", "kv/data/shop/*"))

    done = keywave("policy", str(tree), "--plan", "--lock", str(lock), *check)

    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout == (
        "policy app grants all that is needed, and more\n"
        "    @@ -1,3 +1,3 @@\n"
        '    -path "kv/data/shop/*" {\n'
        '    +path "kv/data/shop/app" {\n'
        '       capabilities = ["read"]\n'
        "     }\n"
        "role auth/kubernetes/role/app is the same\n"
        "1 same, 1 wider\n"
    )


@pytest.mark.parametrize(
    ("sentence", "argv", "said"),
    [
        ("a plan against nothing", ["--plan"], "--plan and --check compare with a Vault"),
        ("a lock and a live Vault", ["--lock", "x", "--live"], "--lock and --live cannot both say what Vault holds"),
        ("a plan into files", ["--plan", "--lock", "x", "--out", "y"], "--plan and --check write no files"),
        (
            "a lock that is not there",
            ["--plan", "--lock", "nowhere.json"],
            "cannot read the lock nowhere.json: No such file",
        ),
    ],
)
def test_misuse_is_told(sentence: str, argv: list[str], said: str, tree: Path) -> None:
    del sentence
    done = keywave("policy", str(tree), *argv)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_lock_that_cannot_be_read_is_a_finding(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{")

    done = keywave("policy", str(tree), "--plan", "--lock", str(tmp_path / "x.json"))

    assert (done.returncode, done.stdout) == (1, "")
    assert "KW8005" in done.stderr


POD = """apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations:
    vault.hashicorp.com/agent-inject: "true"
    vault.hashicorp.com/role: web
    vault.hashicorp.com/agent-inject-secret-config: kv/data/web
spec: {serviceAccountName: web, containers: [{name: web, image: registry.example.com/web:1}]}
"""


@pytest.mark.parametrize(
    ("options", "bound", "told"),
    [
        (("--destination-namespace", "default"), ['    "default"'], False),
        ((), [], True),
    ],
)
def test_a_role_binds_the_deployers_namespace_or_is_not_written(
    options: tuple[str, ...], bound: list[str], told: bool, tmp_path: Path
) -> None:
    (tmp_path / "pod.yaml").write_text(POD)

    done = keywave("policy", str(tmp_path), *options)

    lines = done.stdout.splitlines()
    after = [lines[at + 1] for at, line in enumerate(lines) if "bound_service_account_namespaces" in line]
    assert (done.returncode, after) == (0, bound)
    assert ("which namespace its ServiceAccounts are in does not stand in the tree" in done.stderr) is told


def test_a_store_that_is_not_in_the_tree_is_told_and_left_out(tree: Path) -> None:
    (tree / "external.yaml").write_text(
        """apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: web, namespace: shop}
spec:
  secretStoreRef: {name: vault, kind: ClusterSecretStore}
  refreshInterval: 1h
  target: {name: web}
  dataFrom: [{extract: {key: web}}]
"""
    )

    done = keywave("policy", str(tree))

    assert [line for line in done.stderr.splitlines() if "left out" in line] == [
        "keywave: ExternalSecret shop/web is left out: ClusterSecretStore vault is not in the tree"
    ]
