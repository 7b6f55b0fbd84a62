"""The data of a Secret out of a certificate: all keys of the answer, and for kubernetes.io/tls the three that it wants. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TLS = "kubernetes.io/tls"


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
