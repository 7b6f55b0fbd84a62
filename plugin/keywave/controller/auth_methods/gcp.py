"""The gcp auth method (type iam) by workload identity of GKE: a ServiceAccount's token is traded for an identity token of the account of
Google Cloud that its annotation names.

Source: "Authenticate to Google Cloud APIs from GKE workloads", Security Token Service API v1 (token), IAM Service Account Credentials
API v1 (generateIdToken), Google Cloud documentation.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from urllib.parse import quote

from keywave.controller.auth_methods import clouds
from keywave.controller.auth_methods.credentials import OfAccount, account_of, token_of
from keywave.controller.login_plan import LoginPlan
from keywave.controller.ports import Kube
from keywave.vault.masked import Masked
from keywave.vault.values import VaultFault

ACCOUNT = "iam.gke.io/gcp-service-account"
"""Annotation of a ServiceAccount: the email of the account of Google Cloud."""
STS, IAM = "https://sts.googleapis.com", "https://iamcredentials.googleapis.com"
_NAME = re.compile(r"[A-Za-z0-9.:-]{1,100}")


def missing(settings: Mapping[str, str]) -> list[str]:
    absent = [name for name in ("role", "workloadIdentityServiceAccount") if not settings.get(name)]
    wrong = [name for name in _METADATA if not _NAME.fullmatch(settings.get(name) or "x")]
    return absent + [f"{name} as a name of Google Cloud" for name in wrong]


def login_body(plan: LoginPlan, kube: Kube) -> Mapping[str, object]:
    settings = dict(plan.settings)
    name, namespace = settings["workloadIdentityServiceAccount"], plan.consumer_namespace
    account = account_of(plan, kube, name).get(ACCOUNT, "")
    if not account:
        raise VaultFault("login", f"the ServiceAccount {namespace}/{name} has no annotation {ACCOUNT}")
    project, region, cluster = (settings.get(field) or _of_the_node(field) for field in _METADATA)
    pool = f"{project}.svc.id.goog"
    provider = f"https://container.googleapis.com/v1/projects/{project}/locations/{region}/clusters/{cluster}"
    own = token_of(kube, OfAccount(namespace, name, (pool,)))
    traded = _traded(own, f"identitynamespace:{pool}:{provider}")
    return {"role": settings["role"], "jwt": _identity(traded, account, settings["role"]).reveal()}


def _traded(token: Masked, audience: str) -> Masked:
    """The ServiceAccount's token for an access token of Google's."""
    kinds = "urn:ietf:params:oauth:token-type:"
    body = {
        "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
        "audience": audience,
        "scope": "https://www.googleapis.com/auth/iam",
        "requestedTokenType": f"{kinds}access_token",
        "subjectTokenType": f"{kinds}jwt",
        "subjectToken": token.reveal(),
    }
    return _posted("Google's token service", f"{STS}/v1/token", body, {}, "access_token")


def _identity(access: Masked, account: str, role: str) -> Masked:
    """An identity token of the account of Google Cloud, for Vault's role."""
    url = f"{IAM}/v1/projects/-/serviceAccounts/{quote(account, safe='@')}:generateIdToken"
    body = {"audience": f"https://vault/{role}", "includeEmail": True}
    headers = {"Authorization": f"Bearer {access.reveal()}"}
    return _posted("Google's IAM", url, body, headers, "token")


def _posted(called: str, url: str, body: Mapping[str, object], headers: Mapping[str, str], field: str) -> Masked:
    whole = {"Content-Type": "application/json", **headers}
    answer = clouds.document(called, clouds.ask(called, "POST", url, whole, json.dumps(body).encode()))
    token = answer.get(field)
    if not isinstance(token, str) or not token:
        raise VaultFault("login", f"{called} answers without a token")
    return Masked(token)


def _of_the_node(field: str) -> str:
    """From the metadata server of Google Cloud, which GKE has on every node."""
    called = f"the node's metadata server (gcp.{field} is not set)"
    host = os.environ.get("GCE_METADATA_HOST") or "169.254.169.254"
    url = f"http://{host}/computeMetadata/v1/{_METADATA[field]}"
    found = clouds.text(called, clouds.ask(called, "GET", url, {"Metadata-Flavor": "Google"}, local=True))
    if not _NAME.fullmatch(found):
        raise VaultFault("login", f"{called} answers with something that is no name")
    return found


_METADATA = {
    "projectID": "project/project-id",
    "region": "instance/attributes/cluster-location",
    "clusterName": "instance/attributes/cluster-name",
}
