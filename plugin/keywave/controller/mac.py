"""The keyed hash of a Secret's data, as Vault Secrets Operator makes it: HMAC-SHA256 over Go's JSON of {key: base64}, in base64.

Its key is the operator's own, in a Secret of the operator's namespace; the same name and form let either operator follow the other without
rewriting a Secret. Facts: helpers/hmac.go of 0.10.0.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from typing import Any

from keywave.controller.ports import Kube
from keywave.errors import KeywaveError
from keywave.kube.api_server import KubeError
from keywave.kube.resources import SECRET
from keywave.objects.manifest import mapping

NAME = "vso-cc-storage-hmac-key"
_LENGTH = 16
_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_LABELS = {
    "app.kubernetes.io/name": "vault-secrets-operator",
    "app.kubernetes.io/managed-by": "hashicorp-vso",
    "app.kubernetes.io/component": "client-cache-storage-verification",
}


class MacKeyError(KeywaveError):
    """The key's Secret is there and holds no key."""

    exit_code = 3


class MacKey:
    """Sixteen bytes that no text shows. `fresh`: they were made when this process started, by it or by another replica: a MAC that an
    object has from before is of another key."""

    __slots__ = ("_key", "fresh")

    def __init__(self, key: bytes, *, fresh: bool = False) -> None:
        self._key, self.fresh = key, fresh

    def __repr__(self) -> str:
        return "MacKey(****)"

    def of(self, data: Mapping[str, bytes]) -> str:
        """Of values as they are."""
        return self.of_encoded({name: base64.b64encode(value).decode() for name, value in data.items()})

    def of_encoded(self, data: Mapping[str, str]) -> str:
        """Of values in base64, as the API server gives them."""
        message = _JSON.encode(data).encode()
        return base64.b64encode(hmac.digest(self._key, message, hashlib.sha256)).decode()


def same(one: str, other: str) -> bool:
    """Whether two of them are equal, in a time that tells nothing of where they differ. Either may be any text: a status is anybody's."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def read_or_create(kube: Kube, namespace: str) -> MacKey:
    """The key of this namespace, made where there is none. Raises MacKeyError, KubeError."""
    found, fresh = kube.get(SECRET, namespace, NAME), False
    if found is None:
        key, fresh = os.urandom(_LENGTH), True
        try:
            found = kube.create(SECRET, _secret(namespace, key))
        except KubeError as problem:
            if problem.reason != "exists":
                raise
            found = kube.get(SECRET, namespace, NAME)  # another replica was faster
    text = mapping(mapping(found).get("data")).get("key")
    try:
        key = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except binascii.Error:
        key = b""
    if len(key) != _LENGTH:
        hint = (
            f"restore it; or kubectl delete secret {NAME} --namespace {namespace}: then a new key is made, and what an object's status "
            "says of its data is believed anew from its Secret"
        )
        raise MacKeyError(f"the Secret {namespace}/{NAME} holds no key of {_LENGTH} bytes", hint=hint)
    return MacKey(key, fresh=fresh)


def _secret(namespace: str, key: bytes) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": NAME, "namespace": namespace, "labels": _LABELS},
        "immutable": True,
        "data": {"key": base64.b64encode(key).decode()},
    }
