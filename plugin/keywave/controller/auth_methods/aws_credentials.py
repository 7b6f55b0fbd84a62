"""Credentials of AWS for a login: from a Secret, for a ServiceAccount (IRSA), else those of the operator's own pod or node.

Source: AWS SDKs and Tools reference guide (container credential provider, instance metadata, assume role with web identity); annotations
of the pod identity webhook.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from html import unescape
from typing import Any
from urllib.parse import urlencode

from keywave.controller.auth_methods import clouds
from keywave.controller.auth_methods.aws_signature import AwsCredentials
from keywave.controller.auth_methods.credentials import OfAccount, account_of, secret_keys, token_of
from keywave.controller.login_plan import LoginPlan
from keywave.controller.ports import Kube
from keywave.vault.masked import Masked
from keywave.vault.proxies import is_loopback
from keywave.vault.values import VaultFault

ROLE, AUDIENCE, SECONDS = (f"eks.amazonaws.com/{name}" for name in ("role-arn", "audience", "token-expiration"))
"""Annotations of a ServiceAccount."""
_LARGEST = 1 << 16
_POD_HOSTS = frozenset({"169.254.170.2", "169.254.170.23", "fd00:ec2::23"})
"""ECS and EKS serve a pod's credentials there by plain HTTP."""
_ENVIRONMENT = "the operator's environment"


def credentials_for(plan: LoginPlan, kube: Kube, *, region: str, endpoint: str) -> AwsCredentials:
    """`endpoint`: the STS that trades a ServiceAccount's token. Raises KubeError, VaultFault(login)."""
    settings = dict(plan.settings)
    if settings.get("secretRef"):
        found = secret_keys(plan, kube, ("access_key_id", "secret_access_key"), ("session_token",))
        token = found.get("session_token", Masked(""))
        return AwsCredentials(found["access_key_id"].reveal(), found["secret_access_key"], token)
    session = settings.get("sessionName") or os.environ.get("AWS_ROLE_SESSION_NAME") or "keywave"
    if settings.get("irsaServiceAccount"):
        role, identity = _irsa(plan, kube, settings["irsaServiceAccount"])
        return _assumed(endpoint, role, session, identity)
    return _own(os.environ, endpoint, session)


def _irsa(plan: LoginPlan, kube: Kube, name: str) -> tuple[str, Masked]:
    account = account_of(plan, kube, name)
    where = f"the ServiceAccount {plan.consumer_namespace}/{name}"
    role = account.get(ROLE)
    if not role:
        raise VaultFault("login", f"{where} has no annotation {ROLE}")
    seconds = account.get(SECONDS, "86400")
    if not seconds.isdigit() or len(seconds) > 8:
        raise VaultFault("login", f"the annotation {SECONDS} of {where} is no number of seconds")
    asked = OfAccount(plan.consumer_namespace, name, (account.get(AUDIENCE) or "sts.amazonaws.com",), int(seconds))
    return role, token_of(kube, asked)


def _assumed(endpoint: str, role: str, session: str, identity: Masked) -> AwsCredentials:
    """sts:AssumeRoleWithWebIdentity, which needs no signature."""
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": role,
        "RoleSessionName": session,
        "WebIdentityToken": identity.reveal(),
    }
    called = f"STS at {endpoint[:200]}"
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    raw = clouds.ask(called, "POST", endpoint.rstrip("/") + "/", headers, urlencode(form).encode())
    if raw.status != 200:
        raise clouds.refusal(called, raw)
    # By pattern: no parser that expands entities sees what a server of a tenant's choice sends.
    found = [re.search(rb"<%s>([^<]{1,8192})</%s>" % (name, name), raw.body) for name in _OF_STS]
    texts = [unescape(match[1].decode("utf-8", "replace")) if match else "" for match in found]
    return _checked(called, dict(zip(_NAMES, texts, strict=True)))


_OF_STS = (b"AccessKeyId", b"SecretAccessKey", b"SessionToken")
_NAMES = ("AccessKeyId", "SecretAccessKey", "Token")


def _own(environ: Mapping[str, str], endpoint: str, session: str) -> AwsCredentials:
    """The operator's own: IRSA of its pod, pod identity (or ECS), the node's instance profile; in this order, as the SDKs have it."""
    role, path = environ.get("AWS_ROLE_ARN"), environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
    if role and path:
        return _assumed(endpoint, role, session, _file(path, "AWS_WEB_IDENTITY_TOKEN_FILE"))
    url = environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")
    relative = environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "")
    if url or relative:
        return _of_the_pod(environ, url or f"http://169.254.170.2{relative}")
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        raise VaultFault(
            "login", f"neither secretRef nor irsaServiceAccount is set, and {_ENVIRONMENT} has no identity"
        )
    return _of_the_node(environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or "http://169.254.169.254")


def _of_the_pod(environ: Mapping[str, str], url: str) -> AwsCredentials:
    called = "the pod's credential server"
    host = url.partition("://")[2].partition("/")[0].rpartition("@")[2]
    bare = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if not (url.startswith("https://") or bare in _POD_HOSTS or is_loopback(bare)):
        raise VaultFault("login", f"AWS_CONTAINER_CREDENTIALS_FULL_URI in {_ENVIRONMENT} is no server of the pod's")
    path = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    given = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    token = _file(path, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") if path else Masked(given)
    headers = {"Authorization": token.reveal()} if token else {}
    answer = clouds.document(called, clouds.ask(called, "GET", url, headers, local=True))
    return _checked(called, answer)


def _of_the_node(base: str) -> AwsCredentials:
    """IMDSv2 only: a token first. Version 1 answers whoever makes the operator fetch a URL."""
    called = "the node's metadata server"
    root = f"{base.rstrip('/')}/latest"
    asked = clouds.ask(called, "PUT", f"{root}/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}, local=True)
    headers = {"X-aws-ec2-metadata-token": clouds.text(called, asked)}
    listed = f"{root}/meta-data/iam/security-credentials/"
    role = clouds.text(called, clouds.ask(called, "GET", listed, headers, local=True))
    if not re.fullmatch(r"[\w+=,.@-]{1,128}", role, re.ASCII):
        raise VaultFault("login", f"{called} names no role of the node")
    return _checked(called, clouds.document(called, clouds.ask(called, "GET", listed + role, headers, local=True)))


def _checked(called: str, answer: Mapping[str, Any]) -> AwsCredentials:
    texts = [answer.get(name) for name in _NAMES]
    if not all(isinstance(text, str) and text.isascii() and text.isprintable() and text for text in texts):
        raise VaultFault("login", f"{called} answers without credentials")
    key, secret, token = map(str, texts)
    return AwsCredentials(key, Masked(secret), Masked(token))


def _file(path: str, variable: str) -> Masked:
    try:
        with open(path, encoding="ascii") as file:
            held = file.read(_LARGEST).strip()
    except (OSError, UnicodeDecodeError):
        raise VaultFault("login", f"the file that {variable} of the operator names cannot be read") from None
    return Masked(held)
