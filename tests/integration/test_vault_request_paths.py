"""What `references` and `vault.engines` say of Vault's API, asked of the real one."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from keywave.objects.manifest import Manifest
from keywave.references.model import Certificate, Connection, Identity, Reference
from keywave.references.needs import need_of
from keywave.references.resolve import resolve
from keywave.vault.engines import keep, role_folders, role_of
from keywave.vault.inventory import Fact, Inventory, Mount, State
from rig.machine import plain_environment, program
from rig.vault import Vault

PKI = "kwpaths-pki"
NAME = {"common_name": "a.example.com"}


@pytest.fixture(scope="module")
def pki(vault: Vault) -> Vault:
    """A PKI mount with the issuer `main` and the role `web`."""
    vault.enable(PKI, "pki")
    if vault.read(f"{PKI}/roles/web") is None:
        vault.write(f"{PKI}/root/generate/internal", {"common_name": "ca", "issuer_name": "main", "ttl": "100h"})
        vault.write(
            f"{PKI}/roles/web", {"allowed_domains": ["example.com"], "allow_subdomains": True, "max_ttl": "72h"}
        )
    return vault


def reference(kind: Any, mount: str, path: str, **more: Any) -> Reference:
    return Reference(kind, Manifest({}), Connection(), Identity(False, "x"), "", mount, path, spots={}, **more)


@pytest.mark.parametrize("capability", ["create", "read", "update"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_issuing_a_certificate_needs_update_and_nothing_else(pki: Vault, capability: str, method: str) -> None:
    name = f"kwpaths-issue-{capability}"
    pki.policy(name, f'path "{PKI}/issue/web" {{ capabilities = ["{capability}"] }}')

    answer = pki.as_token(pki.token_for(name)).request(method, f"{PKI}/issue/web", NAME)

    assert answer.status == (200 if capability == "update" else 403)


@pytest.mark.parametrize(
    ("path", "status"),
    [("issue/web", 200), ("issuer/main/issue/web", 200), ("issuer/default/issue/web", 200), ("issuer/main/web", 404)],
)
def test_an_issuer_is_asked_with_issue_in_the_path(pki: Vault, path: str, status: int) -> None:
    assert pki.request("PUT", f"{PKI}/{path}", NAME).status == status


@pytest.mark.parametrize("issuer", ["", "main", "main/issue"])
def test_the_need_of_a_certificate_is_exactly_enough(pki: Vault, issuer: str) -> None:
    inventory = Inventory(mounts={("", PKI): Fact(State.PRESENT, Mount(PKI, "pki"))})
    asked = reference("pki", PKI, "web", certificate=Certificate("a.example.com", issuer=issuer))
    need = need_of(asked, resolve(asked, inventory))
    policy = f"kwpaths-need-{issuer.replace('/', '-')}x"
    pki.policy(policy, f'path "{need.api_path}" {{ capabilities = ["{need.capability}"] }}')
    token = pki.as_token(pki.token_for(policy))

    assert token.request("PUT", need.api_path, NAME).status == 200
    assert token.request("PUT", f"{PKI}/sign/web", NAME).status == 403


def test_every_parameter_that_is_sent_must_be_allowed_even_an_empty_one(pki: Vault) -> None:
    rule = 'capabilities = ["update"] allowed_parameters = { "common_name" = [] }'
    pki.policy("kwpaths-parameters", f'path "{PKI}/issue/web" {{ {rule} }}')
    token = pki.as_token(pki.token_for("kwpaths-parameters"))

    assert token.request("PUT", f"{PKI}/issue/web", NAME).status == 200
    assert token.request("PUT", f"{PKI}/issue/web", {**NAME, "alt_names": ""}).status == 403


@pytest.mark.parametrize(
    ("version", "path", "status"),
    [(2, "data/app", 200), (2, "app", 404), (2, "data/data/app", 404), (1, "app", 200), (1, "data/app", 404)],
)
def test_kv_answers_at_one_path_only(vault: Vault, version: int, path: str, status: int) -> None:
    mount = f"kwpaths-kv{version}"
    vault.enable(mount, "kv", options={"version": str(version)})
    write = f"{mount}/data/app" if version == 2 else f"{mount}/app"
    vault.write(write, {"data": {"a": "b"}} if version == 2 else {"a": "b"})

    assert vault.request("GET", f"{mount}/{path}").status == status


@pytest.mark.parametrize("path", ["secret/kwpaths/agent", "secret/data/kwpaths/agent"])
def test_the_agent_finds_the_kv_version_out_by_itself(vault: Vault, tmp_path: Path, path: str) -> None:
    vault.put_kv("kwpaths/agent", {"word": "fake"})
    (tmp_path / "token").write_text(vault.token)
    template = '{{ with secret "%s" }}{{ .Data.data.word }}{{ end }}' % path  # noqa: UP031
    (tmp_path / "agent.hcl").write_text(
        f"""
        exit_after_auth = true
        vault {{ address = "{vault.url}" }}
        auto_auth {{ method "token_file" {{ config = {{ token_file_path = "{tmp_path}/token" }} }} }}
        template_config {{ exit_on_retry_failure = true }}
        template {{
          contents = <<EOT
{template}
EOT
          destination = "{tmp_path}/out"
        }}
        """
    )

    command = [str(program("vault")), "agent", f"-config={tmp_path}/agent.hcl"]
    ended = subprocess.run(command, capture_output=True, timeout=60, env=plain_environment(tmp_path), check=False)

    assert (ended.returncode, (tmp_path / "out").read_text().strip()) == (0, "fake")


@pytest.mark.parametrize(
    ("capability", "method", "status"), [("read", "GET", 400), ("update", "GET", 403), ("read", "POST", 403)]
)
def test_a_lease_by_get_needs_read(vault: Vault, capability: str, method: str, status: int) -> None:
    """400: let in, and told that there is no such role."""
    vault.enable("kwpaths-db", "database")
    name = f"kwpaths-lease-{capability}"
    vault.policy(name, f'path "kwpaths-db/creds/*" {{ capabilities = ["{capability}"] }}')

    answer = vault.as_token(vault.token_for(name)).request(
        method, "kwpaths-db/creds/gone", {} if method == "POST" else None
    )

    assert answer.status == status


ENGINES: dict[str, tuple[str, Mapping[str, Any], str, Mapping[str, Any]]] = {
    "database": (
        "roles/x",
        {"db_name": "c", "creation_statements": ["x"], "default_ttl": "1h"},
        "creds/x",
        {"credential_type": "password", "db_name": "c", "default_ttl": 3600, "max_ttl": 0},
    ),
    "kubernetes": (
        "roles/x",
        {"allowed_kubernetes_namespaces": ["*"], "service_account_name": "a", "token_default_ttl": "1h"},
        "creds/x",
        {
            "allowed_kubernetes_namespaces": ("*",),
            "kubernetes_role_name": "",
            "kubernetes_role_type": "Role",
            "service_account_name": "a",
            "token_default_ttl": 3600,
            "token_max_ttl": 0,
        },
    ),
    "consul": (
        "roles/x",
        {"consul_policies": ["b", "a"], "ttl": "1h"},
        "creds/x",
        {"consul_policies": ("a", "b"), "local": False, "max_ttl": 0, "token_type": "client", "ttl": 3600},
    ),
    "rabbitmq": ("roles/x", {"tags": "a"}, "creds/x", {"tags": "a"}),
    "nomad": ("role/x", {"policies": ["a"]}, "creds/x", {"global": False, "policies": ("a",), "type": "client"}),
    "aws": (
        "roles/x",
        {"credential_type": "assumed_role", "role_arns": ["arn:aws:iam::1:role/x"], "default_sts_ttl": "1h"},
        "sts/x",
        {
            "credential_type": "assumed_role",
            "default_sts_ttl": 3600,
            "max_sts_ttl": 0,
            "role_arns": ("arn:aws:iam::1:role/x",),
        },
    ),
    "ssh": (
        "roles/x",
        {"key_type": "ca", "allow_user_certificates": True, "ttl": "1h", "allowed_users": "b,a"},
        "sign/x",
        {
            "allow_host_certificates": False,
            "allow_user_certificates": True,
            "allowed_domains": (),
            "allowed_users": ("a", "b"),
            "default_user": "",
            "key_type": "ca",
            "max_ttl": 0,
            "ttl": 3600,
        },
    ),
}


@pytest.mark.parametrize("kind", ENGINES)
def test_the_role_of_a_path_is_where_vault_keeps_it(vault: Vault, kind: str) -> None:
    role, body, path, kept = ENGINES[kind]
    mount = Mount(f"kwpaths-e-{kind}", kind)
    vault.enable(mount.path, kind)
    if kind == "database":
        connection = "postgresql://{{username}}:{{password}}@127.0.0.1:1/x"
        vault.write(
            f"{mount.path}/config/c",
            {
                "plugin_name": "postgresql-database-plugin",
                "verify_connection": False,
                "allowed_roles": ["*"],
                "connection_url": connection,
                "username": "obviously",
                "password": "fake",
            },
        )
    vault.write(f"{mount.path}/{role}", body)

    found = role_of(mount, path)
    assert found == f"{mount.path}/{role}"
    assert keep(found, kind, vault.read(found) or {}) == kept
    folder = found.rpartition("/")[0] + "/"
    assert folder in role_folders(mount)
    assert (vault.request("LIST", folder).body or {})["data"]["keys"] == ["x"]


TOKEN = {
    "token_bound_cidrs": (),
    "token_explicit_max_ttl": 0,
    "token_max_ttl": 7200,
    "token_no_default_policy": False,
    "token_num_uses": 0,
    "token_period": 0,
    "token_policies": ("p", "q"),
    "token_ttl": 3600,
    "token_type": "default",
}
METHODS: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "kubernetes": (
        {"bound_service_account_names": "b,a", "bound_service_account_namespaces": "n", "audience": "vault"},
        {
            "alias_name_source": "serviceaccount_uid",
            "audience": "vault",
            "bound_service_account_names": ("a", "b"),
            "bound_service_account_namespace_selector": "",
            "bound_service_account_namespaces": ("n",),
        },
    ),
    "jwt": (
        {
            "role_type": "jwt",
            "user_claim": "sub",
            "bound_audiences": "vault",
            "bound_claims": {"x": ["b", "a"], "y": "c"},
        },
        {
            "bound_audiences": ("vault",),
            "bound_claims": ("x=a", "x=b", "y=c"),
            "bound_claims_type": "string",
            "bound_subject": "",
            "groups_claim": "",
            "role_type": "jwt",
            "user_claim": "sub",
            "user_claim_json_pointer": False,
        },
    ),
    "approle": (
        {"secret_id_ttl": "1h"},
        {"bind_secret_id": True, "local_secret_ids": False, "secret_id_num_uses": 0, "secret_id_ttl": 3600},
    ),
    "gcp": (
        {"type": "iam", "bound_service_accounts": "a@b.iam.gserviceaccount.com"},
        {"bound_service_accounts": ("a@b.iam.gserviceaccount.com",), "max_jwt_exp": 900, "type": "iam"},
    ),
}


@pytest.mark.parametrize("kind", METHODS)
def test_an_auth_roles_answer_is_normalised(vault: Vault, kind: str) -> None:
    body, kept = METHODS[kind]
    mount = f"kwpaths-{kind}"
    vault.request("POST", f"sys/auth/{mount}", {"type": kind})
    path = f"auth/{mount}/role/x"
    vault.write(path, {**body, "token_policies": ["q", "p"], "token_ttl": "1h", "token_max_ttl": 7200})

    assert keep(path, kind, vault.read(path) or {}) == {**TOKEN, **kept}
