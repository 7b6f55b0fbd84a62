"""The aws and gcp logins: Vault's own aws and gcp auth methods judge what we make, over STS and Google's servers played on loopback.

That STS' signature check is right is shown by the login of Vault's own command line, whose request is signed by AWS' SDK for Go.
"""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from controller.cloud_servers import GSA, Clouds
from controller.cloud_servers import clouds as running_clouds
from controller.fakes_for_vault import Door, login

from keywave.controller.auth_methods import aws, gcp
from keywave.controller.login_plan import LoginPlan
from keywave.kube.api_server import KubeError
from keywave.vault.values import VaultFault
from rig.machine import plain_environment, program
from rig.ports import free_port
from rig.processes import running
from rig.vault import Vault

AWS = ("AWS_REGION", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI")


@pytest.fixture
def clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clouds]:
    for name in AWS:
        monkeypatch.delenv(name, raising=False)
    with running_clouds(tmp_path) as started:
        yield started


@pytest.fixture
def door() -> Iterator[Door]:
    with Door() as made:
        yield made


def with_aws(vault: Vault, clouds: Clouds, door: Door) -> LoginPlan:
    """Vault's aws auth method with our STS, and a plan whose key is in a Secret."""
    mount = f"aws-{secrets.token_hex(3)}"
    vault.request("POST", f"sys/auth/{mount}", {"type": "aws"})
    config = {"sts_endpoint": clouds.url, "sts_region": "eu-west-1", "iam_server_id_header_value": "vault.example.com"}
    vault.write(f"auth/{mount}/config/client", config)
    arns = "arn:aws:iam::123456789012:user/keywave"
    role = {"auth_type": "iam", "bound_iam_principal_arn": arns, "resolve_aws_unique_ids": False}
    vault.write(f"auth/{mount}/role/app", role)
    clouds.keys["AKIATEAM"] = ("team-secret", "")
    door.kube.secrets["team/aws"] = {"access_key_id": "AKIATEAM", "secret_access_key": "team-secret\n"}
    settings = {"role": "app", "region": "eu-west-1", "headerValue": "vault.example.com", "stsEndpoint": clouds.url}
    return login(vault.url, "aws", mount, settings)


def other(plan: LoginPlan, **settings: str) -> LoginPlan:
    return plan._replace(settings=tuple(sorted({**dict(plan.settings), **settings}.items())))


def test_vault_takes_the_login_of_each_source_of_aws_credentials(
    vault: Vault, clouds: Clouds, door: Door, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plan = with_aws(vault, clouds, door)
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/app"}
    door.kube.accounts["team/irsa"] = {**role, "eks.amazonaws.com/token-expiration": "900"}
    tokens = [
        door.vault.log_in(other(plan, secretRef="aws")),
        door.vault.log_in(other(plan, irsaServiceAccount="irsa")),
    ]
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", clouds.url)
    tokens.append(door.vault.log_in(plan))
    (tmp_path / "pod-token").write_text("pod-identity-token")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{clouds.url}/v1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "pod-token"))
    tokens.append(door.vault.log_in(other(plan, sessionName="pod")))
    (tmp_path / "own-token").write_text("own-identity")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/own")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "own-token"))
    tokens.append(door.vault.log_in(other(plan, sessionName="own")))

    asked = [one for one in clouds.asked if one.path == "/"]
    assumed = [one.form for one in asked if one.form["Action"] == "AssumeRoleWithWebIdentity"]
    proofs = [one.headers["authorization"] for one in asked if one.form["Action"] == "GetCallerIdentity"]
    used = [proof.partition("Credential=")[2].partition("/")[0] for proof in proofs]
    assert len({token.accessor for token in tokens} - {""}) == 5
    # Vault asks twice for each login: whose alias it is, then the login itself.
    assert clouds.judged == ["good"] * 10
    assert used[::2] == ["AKIATEAM", "ASIAIRSA", "ASIANODE", "ASIAPOD", "ASIAIRSA"]
    assert [(form["RoleArn"][-4:], form["RoleSessionName"], form["WebIdentityToken"]) for form in assumed] == [
        ("/app", "keywave", "token of team/irsa"),
        ("/own", "own", "own-identity"),
    ]
    assert door.kube.asked == [("team/irsa", {"expirationSeconds": 900, "audiences": ["sts.amazonaws.com"]})]


def test_the_signature_check_takes_what_the_sdk_of_aws_signs_and_refuses_what_was_changed(
    vault: Vault, clouds: Clouds, door: Door, tmp_path: Path
) -> None:
    plan = with_aws(vault, clouds, door)
    args = [f"-path={plan.mount}", "role=app", "header_value=vault.example.com", "region=eu-west-1"]
    keys = ["aws_access_key_id=AKIATEAM", "aws_secret_access_key=team-secret"]
    command = [str(program("vault")), "login", "-no-store", "-format=json", "-method=aws", *args, *keys]
    env = plain_environment(tmp_path, VAULT_ADDR=vault.url)
    sdk = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)
    door.kube.secrets["team/aws"]["secret_access_key"] = "another"
    with pytest.raises(VaultFault) as refused:
        door.vault.log_in(other(plan, secretRef="aws"))

    assert (sdk.returncode, clouds.judged) == (0, ["good", "good", "the signature does not match"]), sdk.stderr
    assert (refused.value.reason, refused.value.status) == ("login", 400)


def test_a_wrong_header_value_is_refused_by_vault(vault: Vault, clouds: Clouds, door: Door) -> None:
    plan = with_aws(vault, clouds, door)
    with pytest.raises(VaultFault, match="X-Vault-AWS-IAM-Server-ID"):
        door.vault.log_in(other(plan, secretRef="aws", headerValue="elsewhere"))


REFUSED: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "a Secret without a key": (
        {"secretRef": "half"},
        {},
        "the Secret team/half has no text under the key secret_access_key",
    ),
    "no Secret": (
        {"secretRef": "absent"},
        {},
        "there is no Secret team/absent with the login's access_key_id and secret_access_key",
    ),
    "a ServiceAccount without a role": (
        {"irsaServiceAccount": "plain"},
        {},
        "the ServiceAccount team/plain has no annotation eks.amazonaws.com/role-arn",
    ),
    "no ServiceAccount": ({"irsaServiceAccount": "absent"}, {}, "there is no ServiceAccount team/absent to log in as"),
    "a role that the token may not assume": (
        {"irsaServiceAccount": "irsa"},
        {"/": (403, "<Error><Code>AccessDenied</Code><Message>canary</Message></Error>")},
        "STS at {url} refuses the login's request (403, AccessDenied)",
    ),
    "an STS that gives no credentials": (
        {"irsaServiceAccount": "irsa"},
        {"/": (200, "<html/>")},
        "STS at {url} answers without credentials",
    ),
    "a node without a role": (
        {},
        {"/latest/meta-data": (404, "")},
        "the node's metadata server refuses the login's request (404)",
    ),
    "an STS without TLS": (
        {"irsaServiceAccount": "irsa", "stsEndpoint": "http://sts.example.com"},
        {},
        "the address of STS at http://sts.example.com is not https://: credentials would be readable on the way",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_missing_for_a_login_to_aws_is_told_without_a_value(
    name: str, clouds: Clouds, door: Door, monkeypatch: pytest.MonkeyPatch, canary: str
) -> None:
    settings, refuse, told = REFUSED[name]
    clouds.refuse = {path: (status, text.replace("canary", canary)) for path, (status, text) in refuse.items()}
    door.kube.secrets["team/half"] = {"access_key_id": canary}
    door.kube.accounts |= {"team/plain": {}, "team/irsa": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/x"}}
    door.kube.token = lambda name, spec: canary
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", clouds.url)
    plan = login("http://127.0.0.1:1", "aws", "aws", {"role": "app", "stsEndpoint": clouds.url, **settings})
    with pytest.raises(VaultFault) as refused:
        door.vault.log_in(plan)

    assert (refused.value.reason, refused.value.summary) == ("login", told.format(url=clouds.url))


def test_a_right_that_the_operator_lacks_is_named(door: Door) -> None:
    plan = login("http://127.0.0.1:1", "aws", "aws", {"role": "app", "irsaServiceAccount": "irsa"})
    door.kube.fault = KubeError("forbidden", "no")
    with pytest.raises(VaultFault) as reading:
        door.vault.log_in(plan)
    with pytest.raises(VaultFault) as tokens:
        door.vault.log_in(plan._replace(method="kubernetes", settings=(("role", "app"), ("serviceAccount", "app"))))

    assert [reading.value.summary, tokens.value.summary] == [
        "the operator may not read the ServiceAccount team/irsa (get on serviceaccounts)",
        "the operator may not make a token of the ServiceAccount team/app (create on its token)",
    ]


@pytest.mark.parametrize(
    ("region", "sts"),
    [
        ("us-east-1", "https://sts.amazonaws.com"),
        ("eu-west-1", "https://sts.eu-west-1.amazonaws.com"),
        ("cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com"),
    ],
)
def test_the_public_sts_of_a_region(region: str, sts: str) -> None:
    assert aws.sts_of(region) == sts


def test_the_region_is_the_spec_s_then_the_operator_s_then_the_default() -> None:
    environ = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}

    assert [
        aws.region_of({"region": "ap-south-1"}, environ),
        aws.region_of({}, environ),
        aws.region_of({}, {"AWS_DEFAULT_REGION": "eu-west-2"}),
        aws.region_of({}, {}),
    ] == ["ap-south-1", "eu-west-1", "eu-west-2", "us-east-1"]


def test_what_a_spec_must_say() -> None:
    assert aws.missing({"region": "eu west", "headerValue": "a\r\nX: y"}) == [
        "role",
        "region as the name of a region",
        "headerValue as printable ASCII",
    ]
    assert gcp.missing({"projectID": "a/b"}) == [
        "role",
        "workloadIdentityServiceAccount",
        "projectID as a name of Google Cloud",
    ]


@pytest.fixture
def google_vault(clouds: Clouds, rig_folder: Path, tmp_path: Path) -> Iterator[Vault]:
    """A Vault whose own account of Google Cloud is known to our servers: its credentials come from a file that its environment names."""
    port, token = free_port(), "root"
    url = f"http://127.0.0.1:{port}"
    account = {
        "type": "service_account",
        "client_email": "vault@shop.iam.gserviceaccount.com",
        "private_key_id": "key-1",
        "private_key": clouds.key("vault").read_text(),
        "token_uri": f"{clouds.url}/token",
    }
    (tmp_path / "account.json").write_text(json.dumps(account))
    env = plain_environment(
        tmp_path, VAULT_DEV_ROOT_TOKEN_ID=token, GOOGLE_APPLICATION_CREDENTIALS=str(tmp_path / "account.json")
    )
    args = ["server", "-dev", "-dev-no-store-token", f"-dev-listen-address=127.0.0.1:{port}", "-log-level=warn"]
    made = Vault(url, token, None)  # type: ignore[arg-type]

    def answers() -> bool:
        return made.request("GET", "sys/mounts/secret").ok

    with running("google-vault", program("vault"), args, folder=rig_folder / "google-vault", env=env, ready=answers):
        yield made


def test_vault_takes_a_login_by_workload_identity(
    google_vault: Vault, clouds: Clouds, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcp, "STS", clouds.url)
    monkeypatch.setattr(gcp, "IAM", clouds.url)
    monkeypatch.setenv("GCE_METADATA_HOST", clouds.host)
    google_vault.request("POST", "sys/auth/gcp", {"type": "gcp"})
    google_vault.write("auth/gcp/config", {"custom_endpoint": {"api": clouds.url, "iam": clouds.url}})
    google_vault.write("auth/gcp/role/app", {"type": "iam", "bound_service_accounts": [GSA], "max_jwt_exp": "1h"})
    door.kube.accounts["team/app"] = {"iam.gke.io/gcp-service-account": GSA}
    settings = {"role": "app", "workloadIdentityServiceAccount": "app"}
    token = door.vault.log_in(login(google_vault.url, "gcp", "gcp", settings))

    traded, identity = clouds.sent("/v1/token"), clouds.sent("/v1/projects/-/serviceAccounts/")
    pool = "shop.svc.id.goog"
    provider = "https://container.googleapis.com/v1/projects/shop/locations/europe-west1/clusters/main"
    assert token.accessor
    assert door.kube.asked == [("team/app", {"expirationSeconds": 600, "audiences": [pool]})]
    assert [asked.json for asked in traded] == [
        {
            "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
            "audience": f"identitynamespace:{pool}:{provider}",
            "scope": "https://www.googleapis.com/auth/iam",
            "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
            "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
            "subjectToken": "token of team/app",
        }
    ]
    assert (identity[0].path, identity[0].json) == (
        f"/v1/projects/-/serviceAccounts/{GSA}:generateIdToken",
        {"audience": "https://vault/app", "includeEmail": True},
    )


def test_what_the_spec_of_gcp_names_is_not_asked_of_the_node(
    clouds: Clouds, door: Door, monkeypatch: pytest.MonkeyPatch, canary: str
) -> None:
    monkeypatch.setattr(gcp, "STS", clouds.url)
    clouds.refuse = {"/v1/token": (400, json.dumps({"error": "invalid_grant", "error_description": canary}))}
    door.kube.accounts["team/app"] = {"iam.gke.io/gcp-service-account": GSA}
    named = {"projectID": "p", "region": "r", "clusterName": "c", "workloadIdentityServiceAccount": "app"}
    with pytest.raises(VaultFault) as refused:
        door.vault.log_in(login("http://127.0.0.1:1", "gcp", "gcp", {"role": "app", **named}))

    assert refused.value.summary == "Google's token service refuses the login's request (400, invalid_grant)"
    assert [asked.path for asked in clouds.asked] == ["/v1/token"]
    assert clouds.asked[0].json["audience"].endswith("/projects/p/locations/r/clusters/c")
