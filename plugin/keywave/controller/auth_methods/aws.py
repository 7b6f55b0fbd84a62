"""The aws auth method (type iam): a signed sts:GetCallerIdentity, which Vault sends on to STS to learn who signed it.

The URL that is signed is `stsEndpoint`, else that of the region: Vault's `sts_endpoint` must be the same host. `iamEndpoint` is taken
and not used: nothing is asked of IAM here.
"""

from __future__ import annotations

import json
import os
import re
import time
from base64 import b64encode
from collections.abc import Mapping

from keywave.controller.auth_methods.aws_credentials import credentials_for
from keywave.controller.auth_methods.aws_signature import AwsCredentials, Unsigned, signed
from keywave.controller.login_plan import LoginPlan
from keywave.controller.ports import Kube
from keywave.vault.values import VaultFault

SERVER_ID = "X-Vault-AWS-IAM-Server-ID"
_BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
_REGION = re.compile(r"[a-z0-9-]{2,40}")


def missing(settings: Mapping[str, str]) -> list[str]:
    absent = [] if settings.get("role") else ["role"]
    if not _REGION.fullmatch(settings.get("region") or "us-east-1"):
        absent.append("region as the name of a region")
    value = settings.get("headerValue", "")
    if not (value.isascii() and value.isprintable()):
        absent.append("headerValue as printable ASCII")
    return absent


def login_body(plan: LoginPlan, kube: Kube) -> Mapping[str, object]:
    settings = dict(plan.settings)
    region = region_of(settings, os.environ)
    endpoint = settings.get("stsEndpoint") or sts_of(region)
    credentials = credentials_for(plan, kube, region=region, endpoint=endpoint)
    at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    return {"role": settings["role"], **proof(credentials, endpoint, region, settings.get("headerValue", ""), at)}


def proof(credentials: AwsCredentials, endpoint: str, region: str, header_value: str, at: str) -> dict[str, str]:
    """What Vault wants of the signed request; good for fifteen minutes from `at` (UTC, 20150830T123600Z). Pure."""
    url = endpoint.rstrip("/") + "/"
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    if header_value:
        headers[SERVER_ID] = header_value
    request = Unsigned("POST", url, headers, _BODY)
    made = signed(request, credentials, region=region, service="sts", at=at)
    lists = {name: [value] for name, value in made.items()}
    return {
        "iam_http_request_method": "POST",
        "iam_request_url": b64encode(url.encode()).decode(),
        "iam_request_body": b64encode(_BODY).decode(),
        "iam_request_headers": b64encode(json.dumps(lists).encode()).decode(),
    }


def region_of(settings: Mapping[str, str], environ: Mapping[str, str]) -> str:
    """Raises VaultFault(login) for what is no region."""
    found = settings.get("region") or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    if not _REGION.fullmatch(found):
        raise VaultFault("login", "AWS_REGION of the operator is not the name of a region")
    return found


def sts_of(region: str) -> str:
    """The public STS. us-east-1 is the global one, which is also Vault's own default."""
    if region == "us-east-1":
        return "https://sts.amazonaws.com"
    return f"https://sts.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
