"""What `keywave policy` writes, applied to a real Vault: a ServiceAccount logs in with a token of the real API server and may do exactly
what its secrets need; the verifier's policy reaches no value."""

from __future__ import annotations

import base64
import json
import os
import secrets
import ssl
import subprocess
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import hcl2
import pytest
from policy.policy_sets import VAULT, asks, kv, login

from keywave.intent.model import Auth, Profile
from keywave.objects.manifest import Manifest
from keywave.policy.changes import compare
from keywave.policy.formats import FORMATS, files
from keywave.policy.model import Plan
from keywave.policy.plan import plan_policies
from keywave.policy.questions import questions, with_answers
from keywave.policy.rules import policy_text
from keywave.policy.verifier import plan_verifier
from keywave.references.model import Reference
from keywave.vault.acl.policy import Rule
from keywave.vault.acl.write import write_policy
from keywave.vault.inventory import Inventory
from keywave.vault.wire import Request, Response
from keywave_process import APP, INTENT, PROFILE, keywave
from rig import http
from rig.cluster import Cluster
from rig.machine import program
from rig.postgresql import PostgreSQL
from rig.vault import Vault

AUDIENCE = "vault"


class World(NamedTuple):
    """Mounts of one test run with a name each, filled with a canary for values."""

    kv2: str
    kv1: str
    pki: str
    database: str
    kubernetes: str
    jwt: str
    approle: str


@pytest.fixture(scope="module")
def world(vault: Vault, cluster: Cluster, postgresql: PostgreSQL) -> Iterator[World]:
    tag = secrets.token_hex(3)
    made = World(*(f"{kind}-{tag}" for kind in ("kv2", "kv1", "pki", "db", "kube", "jwt", "approle")))
    vault.enable(made.kv2, "kv", options={"version": "2"})
    vault.enable(made.kv1, "kv", options={"version": "1"})
    vault.enable(made.pki, "pki")
    vault.enable(made.database, "database")
    for path in ("dev/app", "dev/other", "dev/app/below"):
        vault.put_kv(path, {"password": os.environ["KEYWAVE_TEST_CANARY"]}, mount=made.kv2)
        vault.write(f"{made.kv1}/{path}", {"password": os.environ["KEYWAVE_TEST_CANARY"]})
    vault.write(f"{made.pki}/root/generate/internal", {"common_name": "root.example.com", "ttl": "24h"})
    for role in ("web", "other"):
        vault.write(f"{made.pki}/roles/{role}", {"allow_any_name": True, "max_ttl": "1h"})
    vault.write(
        f"{made.database}/config/shop",
        {
            "plugin_name": "postgresql-database-plugin",
            "connection_url": postgresql.vault_url,
            "username": postgresql.user,
            "password": postgresql.password,
            "allowed_roles": "*",
        },
    )
    for role in ("ro", "rw"):
        vault.write(
            f"{made.database}/roles/{role}",
            {"db_name": "shop", "creation_statements": CREATE_ROLE, "default_ttl": "5m", "max_ttl": "10m"},
        )
    enable_logins(vault, cluster, made)
    yield made
    for mount in (made.database, made.kv2, made.kv1, made.pki):
        vault.request("DELETE", f"sys/mounts/{mount}")


CREATE_ROLE = ["CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"]


def enable_logins(vault: Vault, cluster: Cluster, made: World) -> None:
    cluster.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reviewer", "namespace": made.kubernetes}}
    )
    cluster.apply(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": made.kubernetes},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "system:auth-delegator",
            },
            "subjects": [{"kind": "ServiceAccount", "name": "reviewer", "namespace": made.kubernetes}],
        }
    )
    for mount, kind in ((made.kubernetes, "kubernetes"), (made.jwt, "jwt"), (made.approle, "approle")):
        assert vault.request("POST", f"sys/auth/{mount}", {"type": kind}).ok
    vault.write(
        f"auth/{made.kubernetes}/config",
        {
            "kubernetes_host": cluster.url,
            "kubernetes_ca_cert": Path(cluster.ca_file).read_text(),
            "token_reviewer_jwt": token_of(cluster, made.kubernetes, "reviewer", audiences=()),
            "disable_local_ca_jwt": True,
        },
    )
    # This path answers in one media type only, which the rig's client does not ask for.
    headers = {"Authorization": f"Bearer {cluster.token}", "Accept": "application/jwk-set+json"}
    context = ssl.create_default_context(cafile=cluster.ca_file)
    jwks = http.request("GET", f"{cluster.url}/openid/v1/jwks", headers=headers, context=context).body
    vault.write(f"auth/{made.jwt}/config", {"jwt_validation_pubkeys": [pem_of(key) for key in jwks["keys"]]})


def pem_of(key: Mapping[str, str]) -> str:
    """A P-256 key of a JWKS as PEM: a fixed head before the two coordinates (RFC 5480)."""

    def number(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).rjust(32, b"\0")

    head = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200") + b"\x04"
    text = base64.encodebytes(head + number(key["x"]) + number(key["y"])).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n"


def token_of(cluster: Cluster, namespace: str, account: str, audiences: tuple[str, ...] = (AUDIENCE,)) -> str:
    cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": namespace}})
    answer = cluster.request(
        "POST",
        f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token",
        {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600, **({"audiences": list(audiences)} if audiences else {})},
        },
    )
    assert answer.ok, answer.message
    return str(answer.body["status"]["token"])


def log_in(vault: Vault, mount: str, body: Mapping[str, Any]) -> Vault:
    answer = vault.as_token("").request("POST", f"auth/{mount}/login", body)
    assert answer.ok, f"{answer.status} {answer.message}"
    return vault.as_token(answer.body["auth"]["client_token"])


def shop(world: World, role: str, namespace: str, **more: Any) -> list[Reference]:
    """The usual four: KV of both versions, a certificate that is revoked at its end, a database login."""
    identity = login(role, "app", namespace=namespace, **{"mount": world.kubernetes, **more})
    return [
        kv("dev/app", mount=world.kv2, identity=identity),
        kv("dev/app", mount=world.kv1, engine=1, identity=identity),
        asks("pki", world.pki, "web", identity=identity, spec={"revoke": True}),
        asks("dynamic", world.database, "creds/ro", identity=identity),
    ]


# Applying each form


def apply_hcl(vault: Vault, plan: Plan, folder: Path) -> None:
    for path, text in files(plan, "hcl").items():
        first, *between, name = path.split("/")
        bare = urllib.parse.unquote(name.rpartition(".")[0])
        if first == "policies":
            vault.policy(bare, text)
        else:
            vault.write(f"auth/{'/'.join(between)}/role/{bare}", json.loads(text))


def apply_cli(vault: Vault, plan: Plan, folder: Path) -> None:
    (folder / "apply.sh").write_text(files(plan, "cli")["apply.sh"])
    done = subprocess.run(
        ["sh", folder / "apply.sh"],
        env={
            "PATH": f"{program('vault').parent}:{os.environ['PATH']}",
            "VAULT_ADDR": vault.url,
            "VAULT_TOKEN": vault.token,
            "HOME": str(folder),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def apply_terraform(vault: Vault, plan: Plan, folder: Path) -> None:
    """As the provider would: its arguments are the API's fields. Terraform itself is not here."""
    read = hcl2.loads(files(plan, "terraform")["main.tf"])["resource"]
    blocks = [
        (kind.strip('"'), arguments) for each in read for kind, found in each.items() for arguments in found.values()
    ]
    plain = {name: p.name for p in plan.targets[0].policies for name in (f"${{vault_policy.{p.name}.name}}",)}
    for kind, given in blocks:
        arguments = {name: value for name, value in given.items() if not name.startswith("__")}
        if kind == "vault_policy":
            vault.policy(bare(arguments["name"]), "\n".join(arguments["policy"].strip('"').split("\n")[1:-1]))
            continue
        fields = {name: [plain.get(v, bare(v)) for v in value] if isinstance(value, list) else bare(value)
                  for name, value in arguments.items()}  # fmt: skip
        if "bound_claims" in fields:  # a map of texts to Terraform; the provider splits them at commas
            fields["bound_claims"] = {name: text.split(",") for name, text in fields["bound_claims"].items()}
        vault.write(f"auth/{fields.pop('backend')}/role/{fields.pop('role_name')}", fields)


def bare(value: Any) -> Any:
    """Without the quotes that python-hcl2 keeps."""
    if isinstance(value, dict):
        return {bare(name): bare(each) for name, each in value.items() if not name.startswith("__")}
    return value.strip('"') if isinstance(value, str) else value


APPLY: Mapping[str, Callable[[Vault, Plan, Path], None]] = {
    "hcl": apply_hcl,
    "cli": apply_cli,
    "terraform": apply_terraform,
}


def test_every_form_is_applied_here() -> None:
    assert sorted(APPLY) == sorted(FORMATS)


@pytest.mark.parametrize("form", sorted(APPLY))
def test_a_service_account_may_do_exactly_what_its_secrets_need(
    form: str, vault: Vault, cluster: Cluster, world: World, namespace: str, tmp_path: Path
) -> None:
    role = f"shop-{form}-{secrets.token_hex(3)}"
    APPLY[form](vault, plan_policies(shop(world, role, namespace)), tmp_path)

    app = log_in(vault, world.kubernetes, {"role": role, "jwt": token_of(cluster, namespace, "app")})

    lease = app.request("GET", f"{world.database}/creds/ro")
    certificate = app.request("POST", f"{world.pki}/issue/web", {"common_name": "a.example.com", "ttl": "10m"})
    assert (lease.status, certificate.status) == (200, 200)
    foreign = vault.request("GET", f"{world.database}/creds/rw").body["lease_id"]
    asked = [
        ("GET", f"{world.kv2}/data/dev/app", None),
        ("GET", f"{world.kv1}/dev/app", None),
        ("PUT", "sys/leases/renew", {"lease_id": lease.body["lease_id"]}),
        ("PUT", "sys/leases/revoke", {"lease_id": lease.body["lease_id"]}),
        ("PUT", f"{world.pki}/revoke", {"serial_number": certificate.body["data"]["serial_number"]}),
    ]
    assert {f"{m} {p}": app.request(m, p, b).status // 100 for m, p, b in asked} == {f"{m} {p}": 2 for m, p, _ in asked}
    refused = [
        *(
            (method, f"{world.kv2}/data/{path}", None)
            for method in ("GET", "LIST")
            for path in ("dev/other", "dev", "dev/app/below")
        ),
        ("LIST", f"{world.kv2}/metadata/dev", None),
        ("GET", f"{world.kv2}/metadata/dev/app", None),
        ("GET", f"{world.kv2}/subkeys/dev/app", None),
        ("POST", f"{world.kv2}/data/dev/app", {"data": {"a": "b"}}),
        ("DELETE", f"{world.kv2}/data/dev/app", None),
        ("POST", f"{world.kv2}/destroy/dev/app", {"versions": [1]}),
        ("GET", f"{world.kv1}/dev/other", None),
        ("GET", f"{world.kv1}/dev/app/below", None),
        ("LIST", f"{world.kv1}/dev", None),
        ("POST", f"{world.kv1}/dev/app", {"a": "b"}),
        ("DELETE", f"{world.kv1}/dev/app", None),
        ("POST", f"{world.pki}/issue/other", {"common_name": "a.example.com"}),
        ("POST", f"{world.pki}/sign/web", {"csr": ""}),
        ("GET", f"{world.pki}/roles/web", None),
        ("GET", f"{world.database}/creds/rw", None),
        ("GET", f"{world.database}/roles/ro", None),
        ("PUT", "sys/leases/revoke", {"lease_id": foreign}),
        ("PUT", f"sys/leases/revoke/{foreign}", {}),
        ("GET", "sys/mounts", None),
        ("LIST", "sys/policies/acl", None),
        ("GET", f"sys/policies/acl/{role}", None),
        ("GET", f"auth/{world.kubernetes}/role/{role}", None),
    ]
    assert {f"{m} {p}": app.request(m, p, b).status for m, p, b in refused} == {f"{m} {p}": 403 for m, p, _ in refused}


@pytest.mark.parametrize(
    ("sentence", "account", "audiences"),
    [
        ("another ServiceAccount", "other", (AUDIENCE,)),
        ("a token for another service", "app", ("elsewhere",)),
    ],
)
def test_nobody_else_logs_in(
    sentence: str,
    account: str,
    audiences: tuple[str, ...],
    vault: Vault,
    cluster: Cluster,
    world: World,
    namespace: str,
    tmp_path: Path,
) -> None:
    del sentence
    role = f"shop-{secrets.token_hex(3)}"
    apply_hcl(vault, plan_policies(shop(world, role, namespace)), tmp_path)

    jwt = token_of(cluster, namespace, account, audiences)
    answer = vault.as_token("").request("POST", f"auth/{world.kubernetes}/login", {"role": role, "jwt": jwt})

    assert answer.status in (400, 403)


@pytest.mark.parametrize("form", sorted(APPLY))
def test_two_service_accounts_share_a_jwt_role_and_no_third(
    form: str, vault: Vault, cluster: Cluster, world: World, namespace: str, tmp_path: Path
) -> None:
    role = f"jwt-{form}-{secrets.token_hex(3)}"
    logins = [login(role, a, namespace=namespace, method="jwt", mount=world.jwt) for a in ("a", "b")]
    APPLY[form](vault, plan_policies([kv("dev/app", mount=world.kv2, identity=i) for i in logins]), tmp_path)

    for account in ("a", "b"):
        reader = log_in(vault, world.jwt, {"role": role, "jwt": token_of(cluster, namespace, account)})
        assert reader.request("GET", f"{world.kv2}/data/dev/app").status == 200
        assert reader.request("GET", f"{world.kv2}/data/dev/other").status == 403
    third = {"role": role, "jwt": token_of(cluster, namespace, "c")}
    assert vault.as_token("").request("POST", f"auth/{world.jwt}/login", third).status == 400


@pytest.mark.parametrize("form", sorted(APPLY))
def test_an_approle_is_made_under_the_role_id_of_the_tree(
    form: str, vault: Vault, world: World, tmp_path: Path
) -> None:
    role_id = f"id-{secrets.token_hex(4)}"
    account = f"app-{form}-{secrets.token_hex(3)}"
    identity = login("", "", method="appRole", mount=world.approle, role_id=role_id, label=f"VaultAuth shop/{account}")
    APPLY[form](vault, plan_policies([kv("dev/app", mount=world.kv2, identity=identity)]), tmp_path)

    secret_id = vault.write(f"auth/{world.approle}/role/shop-{account}/secret-id", {})["secret_id"]
    reader = log_in(vault, world.approle, {"role_id": role_id, "secret_id": secret_id})
    assert reader.request("GET", f"{world.kv2}/data/dev/app").status == 200
    assert reader.request("GET", f"{world.kv2}/data/dev/other").status == 403


def test_the_default_policy_renews_leases_and_does_not_revoke_them(vault: Vault) -> None:
    token = vault.token_for("default")

    answer = vault.request(
        "POST", "sys/capabilities", {"token": token, "paths": ["sys/leases/renew", "sys/leases/revoke"]}
    )

    found = answer.body["data"]
    assert (found["sys/leases/renew"], found["sys/leases/revoke"]) == (["update"], ["deny"])


@pytest.mark.parametrize(
    "name",
    [
        "a${b}c",
        "a%{b}",
        "$${",
        'a"b',
        "a\\b",
        "a`$x",
        "a\nb",
        "a\tb",
        "ä",
        "\ue123",
        "😀",
        "a b",
        "*a",
        "a*b",
        "+x",
        "#",
        "//a",
        "a\x00b",
    ],
)
def test_vault_takes_any_name_as_that_name_and_no_other(vault: Vault, name: str) -> None:
    policy, path = f"name-{secrets.token_hex(3)}", f"kv/{name}"
    vault.policy(policy, write_policy([Rule(path, frozenset({"read"}))]))

    paths = [path, "kv/other", "kv/a", "kv/abc", "kv/axb"]
    answer = vault.request("POST", "sys/capabilities", {"token": vault.token_for(policy), "paths": paths})

    assert [answer.body["data"][each] for each in paths] == [["read"], *[["deny"]] * 4]


# --plan


def ask(vault: Vault, request: Request) -> Response:
    answer = vault.request(request.method, request.path)
    return Response(answer.status, (answer.body or {}).get("data") or {})


def changes(vault: Vault, plan: Plan) -> list[str]:
    target = plan.targets[0]
    inventory = with_answers(Inventory(), target, [ask(vault, each) for each in questions(target)])
    return [change.status for change in compare(plan, lambda _: inventory)]


def test_a_plan_is_new_then_the_same_then_tells_what_was_widened(
    vault: Vault, world: World, namespace: str, tmp_path: Path
) -> None:
    role = f"plan-{secrets.token_hex(3)}"
    plan = plan_policies(shop(world, role, namespace))

    before = changes(vault, plan)
    apply_hcl(vault, plan, tmp_path)
    applied = changes(vault, plan)
    text = policy_text(plan.targets[0].policies[0])
    vault.policy(role, text + f'\npath "{world.kv2}/data/*" {{ capabilities = ["read"] }}\n')
    vault.write(f"auth/{world.kubernetes}/role/{role}", {"bound_service_account_names": ["*"]})
    widened = changes(vault, plan)
    vault.policy(role, f'path "{world.kv2}/data/dev/app" {{ capabilities = ["read"] }}\n')
    vault.write(f"auth/{world.kubernetes}/role/{role}", {"bound_service_account_names": ["someone"]})
    narrowed = changes(vault, plan)

    assert (before, applied, widened, narrowed) == (["new"] * 2, ["same"] * 2, ["wider"] * 2, ["changed"] * 2)


# The verifier


@pytest.fixture
def verifier(vault: Vault, world: World) -> Vault:
    profile = Profile(
        "vault",
        Manifest({}),
        False,
        VAULT.address,
        auth=Auth(mount=world.kubernetes),
        kv_mount=world.kv2,
        kv_prefix="dev",
        dynamic_mount=world.database,
        pki_mount=world.pki,
    )
    references = shop(world, "shop", "shop")
    references.append(
        kv("dev/app", mount=world.kv2, identity=login("", "", method="appRole", mount=world.approle, role_id="x"))
    )
    ((target,), _) = plan_verifier(references, [profile])
    name = f"verifier-{secrets.token_hex(3)}"
    vault.policy(name, policy_text(target.policies[0]))
    return vault.as_token(vault.token_for(name))


def test_the_verifier_may_look_everywhere_it_has_to(vault: Vault, world: World, verifier: Vault) -> None:
    vault.write(f"auth/{world.approle}/role/seen", {})
    vault.write(
        f"auth/{world.kubernetes}/role/seen",
        {"bound_service_account_names": "a", "bound_service_account_namespaces": "b"},
    )
    asked = [
        ("GET", "sys/mounts", None),
        ("GET", "sys/auth", None),
        ("GET", f"{world.kv2}/subkeys/dev/app?depth=1", None),
        ("GET", f"{world.kv2}/metadata/dev/app", None),
        ("LIST", f"{world.kv2}/metadata/dev/", None),
        ("LIST", f"{world.kv1}/dev/", None),
        ("GET", f"{world.database}/roles/ro", None),
        ("LIST", f"{world.database}/roles/", None),
        ("GET", f"{world.pki}/roles/web", None),
        ("LIST", f"{world.pki}/roles/", None),
        ("LIST", f"{world.pki}/issuers/", None),
        ("GET", f"auth/{world.kubernetes}/role/seen", None),
        ("LIST", f"auth/{world.kubernetes}/role/", None),
        ("GET", f"auth/{world.approle}/role/seen/role-id", None),
        ("LIST", f"auth/{world.approle}/role/", None),
        ("LIST", "sys/policies/acl/", None),
        ("GET", "sys/policies/acl/default", None),
        ("POST", "identity/lookup/entity", {"name": "nobody"}),
        ("POST", "sys/capabilities-self", {"paths": ["sys/mounts"]}),
        ("GET", f"sys/internal/ui/mounts/{world.kv2}", None),
    ]

    assert {f"{m} {p}": verifier.request(m, p, b).status // 100 for m, p, b in asked} == {
        f"{m} {p}": 2 for m, p, _ in asked
    }
    # Nothing is there, which it may know: 404, not 403.
    assert verifier.request("LIST", f"{world.database}/static-roles/").status == 404
    assert verifier.request("GET", "identity/group/id/none").status == 404


def test_the_verifier_reaches_no_value_and_changes_nothing(vault: Vault, world: World, verifier: Vault) -> None:
    vault.write(f"auth/{world.approle}/role/seen", {})
    refused = [
        *(("GET", f"{world.kv2}/data/{path}", None) for path in ("dev/app", "dev/other", "dev/app/below", "dev")),
        *(("GET", f"{world.kv1}/{path}", None) for path in ("dev/app", "dev/other", "dev/app/below", "dev")),
        ("GET", f"{world.database}/creds/ro", None),
        ("GET", f"{world.database}/static-creds/ro", None),
        ("GET", f"{world.database}/config/shop", None),
        *(
            ("POST", f"{world.pki}/{path}", {"common_name": "a"})
            for path in ("issue/web", "sign/web", "root/generate/exported")
        ),
        ("POST", f"{world.kv2}/data/dev/app", {"data": {}}),
        ("POST", f"{world.kv2}/metadata/dev/app", {"max_versions": 1}),
        ("DELETE", f"{world.kv2}/metadata/dev/app", None),
        ("POST", f"{world.database}/roles/ro", {"db_name": "x"}),
        ("POST", f"auth/{world.approle}/role/seen/secret-id", {}),
        ("LIST", f"auth/{world.approle}/role/seen/secret-id", None),
        ("POST", f"auth/{world.kubernetes}/role/seen", {}),
        ("POST", "sys/policies/acl/default", {"policy": "#"}),
        ("POST", "auth/token/create", {}),
        ("GET", "secret/data/rig/db", None),
        ("GET", "secret/metadata/rig/db", None),
    ]

    assert {f"{m} {p}": verifier.request(m, p, b).status for m, p, b in refused} == {
        f"{m} {p}": 403 for m, p, _ in refused
    }


# The command


@pytest.fixture
def tree(world: World, tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    profile = PROFILE.replace("kv}", f"{world.kv2}, prefix: dev}}")
    profile = profile.replace("role: app", f"role: tree-{world.kv2}, mount: {world.kubernetes}")
    for name, text in (("profile", profile), ("intent", INTENT.replace("shop/app", "app")), ("app", APP)):
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_the_command_writes_plans_and_checks(vault: Vault, world: World, tree: Path, tmp_path: Path) -> None:
    env = {**os.environ, "VAULT_ADDR": vault.url, "VAULT_TOKEN": vault.token}
    what = ["policy", str(tree), "--live", "--check"]

    before = keywave(*what, env=env)
    written = keywave("policy", str(tree), "--out", str(tmp_path / "out"), env=env)
    role = f"tree-{world.kv2}"
    vault.policy(role, (tmp_path / "out" / "policies" / f"{role}.hcl").read_text())
    vault.write(
        f"auth/{world.kubernetes}/role/{role}",
        json.loads((tmp_path / "out" / "roles" / world.kubernetes / f"{role}.json").read_text()),
    )
    after = keywave(*what, env=env)

    assert (before.returncode, before.stderr, before.stdout.splitlines()[-1]) == (1, "", "2 new")
    assert (written.returncode, written.stdout, written.stderr) == (0, "", "")
    assert (after.returncode, after.stderr) == (0, "")
    assert after.stdout == f"policy {role} is the same\nrole auth/{world.kubernetes}/role/{role} is the same\n2 same\n"


def test_the_policy_that_the_command_writes_for_the_verifier_is_enough_for_it(
    vault: Vault, tree: Path, tmp_path: Path
) -> None:
    written = keywave("policy", str(tree), "--verifier", "--out", str(tmp_path / "out"))
    name = f"verifier-{secrets.token_hex(3)}"
    vault.policy(name, (tmp_path / "out" / "policies" / "keywave-verifier.hcl").read_text())

    env = {**os.environ, "VAULT_ADDR": vault.url, "VAULT_TOKEN": vault.token_for(name)}
    planned = keywave("policy", str(tree), "--live", "--plan", env=env)

    assert (written.returncode, written.stderr) == (0, "")
    assert (planned.returncode, planned.stderr) == (0, "")
    assert "unknown" not in planned.stdout.splitlines()[-1]
