"""The data of a Secret out of a certificate: all keys of the answer, and for kubernetes.io/tls the three that it wants. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.controller.content.data import build_data, checked
from keywave.controller.content.transformation import Transformation
from keywave.controller.model import Resource
from keywave.vault.values import Payload

TLS = "kubernetes.io/tls"


def certificate_data(
    payload: Payload, transformation: Transformation, resource: Resource, *, tls: bool, exclude_raw: bool = False
) -> dict[str, bytes]:
    """Key -> bytes. Templates see the answer as Vault gave it; the key `ca_chain` is one text; the three keys of `tls` are made unless
    templates say what the Secret holds. Raises PlanProblem, without any value."""
    answer = with_chain_as_text(payload.data)
    data = build_data(payload.data, payload.raw, transformation, resource, exclude_raw=exclude_raw)
    templated = {keyed.key for keyed in transformation.templates}
    if "ca_chain" in data and "ca_chain" not in templated:
        data["ca_chain"] = str(answer["ca_chain"]).encode()
    return checked({**data, **tls_keys(answer)}) if tls and not templated - {""} else data


def with_chain_as_text(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of `issue` with its chain as one text, a certificate after the other."""
    chain = answer.get("ca_chain")
    return {**answer, "ca_chain": "\n".join(map(str, chain))} if isinstance(chain, list) else dict(answer)


def tls_keys(answer: Mapping[str, Any]) -> dict[str, bytes]:
    """tls.crt (with the chain, or the issuing CA where there is none), tls.key, and ca.crt in the latter case."""
    certificate, key = str(answer.get("certificate") or ""), str(answer.get("private_key") or "")
    chain, issuer = answer.get("ca_chain"), str(answer.get("issuing_ca") or "")
    made = {"tls.key": key}
    if chain:
        made["tls.crt"] = f"{certificate}\n{chain}"
    elif issuer:
        made |= {"tls.crt": f"{certificate}\n{issuer}", "ca.crt": issuer}
    else:
        made["tls.crt"] = certificate
    return {name: text.encode() for name, text in made.items()}
