"""Which names a PKI role allows: Vault's own rules, as a pure function.

Every rule here is held to the real Vault by tests/integration/test_vault_pki_names.py. Source: Vault's PKI API, "Create/update role" and
"Generate certificate and key". `*` in a name asks for a wildcard certificate; `*` in allowed_domains is a glob (allow_glob_domains).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from keywave.references.model import Certificate
from keywave.vault.inventory import Settings
from keywave.verify.globs import glob

_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\-]*[a-zA-Z0-9])"
_WILD = rf"(?:\*|\*{_LABEL}|{_LABEL}\*|{_LABEL}\*{_LABEL})"
_HOSTNAME = rf"\A(?:{_WILD}\.)?(?:{_LABEL}\.)*{_LABEL}\.?\Z"
_SAN = rf"\A(?:\*\.)?(?:{_LABEL}\.)*{_LABEL}\.?\Z"
LOCAL = ("localhost", "localdomain")


class Refused(NamedTuple):
    """A name that the role does not allow. `spot` is that of the reference; `other` tells addresses, URIs, ids from host names.

    `depends`: the role compares with the identity that asks (a template, its display name), which is not known here.
    `left_out`: Vault 1.21 issues the certificate without that name and does not say so; later ones refuse it."""

    value: str
    spot: str
    reason: str
    other: bool = False
    depends: bool = False
    left_out: bool = False


def refused(role: Settings, asked: Certificate) -> list[Refused]:
    """What of the names asked for the role does not allow, in Vault's order; [] = it issues."""
    return [*_common_name(role, asked), *_alt_names(role, asked), *_others(role, asked)]


def _common_name(role: Settings, asked: Certificate) -> Iterator[Refused]:
    name = asked.common_name
    if not name:
        if role.get("require_cn", True):
            yield Refused("", "commonName", "the role wants a common name (require_cn)")
        return
    spot = "commonName"
    converted = "" if asked.exclude_cn_from_sans or "@" in name else to_ascii(name)
    if converted is None:
        yield Refused(name, spot, "it is no name that DNS can have")
        return
    validations = tuple(role.get("cn_validations", ()))
    if validations != ("disabled",):
        reason = _why_not(role, name)
        if reason:
            yield Refused(name, spot, reason, depends=_depends(role))
            return
        wanted = "email" if "@" in name else "hostname"
        if validations and wanted not in validations:
            yield Refused(name, spot, f"cn_validations of the role are {', '.join(validations)}, not {wanted}")
            return
    # The common name is also a name of the certificate (SAN), and as such checked even where cn_validations is `disabled`.
    also = name if "@" in name and not asked.exclude_cn_from_sans else converted
    if also and ("@" in also or re.search(_HOSTNAME, also)):
        reason = _why_not(role, also)
        if reason:
            yield Refused(name, spot, reason, depends=_depends(role), left_out=not _is_san(also))


def _alt_names(role: Settings, asked: Certificate) -> Iterator[Refused]:
    for name in split(asked.alt_names):
        converted = name if "@" in name else to_ascii(name)
        if converted is None or not _is_san(converted):
            reason = "it is no name that a certificate can have for DNS"
            yield Refused(name, "altNames", reason, left_out=converted is not None)
            continue
        reason = _why_not(role, converted)
        if reason:
            yield Refused(name, "altNames", reason, depends=_depends(role))


def _others(role: Settings, asked: Certificate) -> Iterator[Refused]:
    for address in split(asked.ip_sans):
        if not role.get("allow_ip_sans", True):
            yield Refused(address, "ipSans", "the role allows no IP addresses (allow_ip_sans)", other=True)
        elif not _is_address(address):
            yield Refused(address, "ipSans", "it is no IP address", other=True)
    allowed = tuple(role.get("allowed_uri_sans", ()))
    templated = bool(role.get("allowed_uri_sans_template")) and any("{{" in each for each in allowed)
    for uri in split(asked.uri_sans):
        if not any(glob(pattern, uri) for pattern in allowed):
            reason = f"allowed_uri_sans of the role {_are(allowed)}"
            yield Refused(uri, "uriSans", reason, other=True, depends=templated)
    yield from _other_sans(tuple(role.get("allowed_other_sans", ())), split(asked.other_sans))
    users = tuple(role.get("allowed_user_ids", ()))
    for user in split(asked.user_ids):
        same = any(user.lower() == each.lower() for each in users)
        if not (same or any("*" in each and glob(each, user) for each in users)):
            yield Refused(user, "userIDs", f"allowed_user_ids of the role {_are(users)}", other=True)


def _other_sans(allowed: Sequence[str], asked: Sequence[str]) -> Iterator[Refused]:
    """`<oid>;UTF8:<value>`."""
    known = [parts for parts in map(_parts, allowed) if parts]
    for text in asked:
        parts = _parts(text)
        if parts is None:
            yield Refused(text, "otherSans", "it is not of the form OID;UTF8:TEXT", other=True)
        elif tuple(allowed) != ("*",) and not any(oid == parts[0] and glob(form, parts[1]) for oid, form in known):
            yield Refused(text, "otherSans", f"allowed_other_sans of the role {_are(allowed)}", other=True)


def _parts(text: str) -> tuple[str, str] | None:
    oid, semicolon, rest = text.partition(";")
    form, colon, value = rest.partition(":")
    return (oid, value) if semicolon and colon and form.lower() in ("utf8", "utf-8") else None


def _why_not(role: Settings, name: str) -> str:
    """The reason why Vault refuses a host name or mail address, "" where it does not."""
    reduced, at, is_email = name, name.split("@"), "@" in name
    if is_email:
        if len(at) != 2:
            return "it has more than one @"
        reduced = at[1]
    label = ""
    wild = "*" in reduced
    if wild:
        if role.get("allow_wildcard_certificates", True) is False:
            return "the role allows no wildcards (allow_wildcard_certificates)"
        label, _, rest = reduced.partition(".")
        if reduced.count("*") > 1 or "*" in rest:
            return "a wildcard may stand once, in the first label"
        reduced = rest
        if is_email:
            return "a mail address has no wildcard"
    if role.get("enforce_hostnames", True) and reduced:
        converted = to_ascii(reduced)
        if converted is None or not re.search(_HOSTNAME, f"{label}.{converted}" if wild else converted):
            return "it is no host name (enforce_hostnames)"
    if role.get("allow_any_name"):
        return ""
    below = bool(role.get("allow_subdomains"))
    local = reduced in LOCAL or (below and reduced.endswith(tuple(f".{each}" for each in LOCAL)))
    if local and role.get("allow_localhost", True):
        return ""
    domains = [domain for domain in role.get("allowed_domains", ()) if domain]
    for domain in domains:
        if role.get("allow_bare_domains") and domain.lower() in (name.lower(), reduced.lower() if is_email else ""):
            return ""
        if below and (reduced.endswith(f".{domain}") or (wild and reduced.lower() == domain.lower())):
            return ""
        if role.get("allow_glob_domains") and "*" in domain and glob(domain.lower(), name.lower()):
            return ""
    return _reason(role, domains)


def _reason(role: Settings, domains: Sequence[str]) -> str:
    if not domains:
        return "the role has no allowed_domains"
    ways = [
        words
        for flag, words in (
            ("allow_bare_domains", "the domains themselves"),
            ("allow_subdomains", "names below them"),
            ("allow_glob_domains", "globs"),
        )
        if role.get(flag)
    ]
    return f"allowed_domains of the role {_are(domains)}, of which it allows {' and '.join(ways) or 'nothing'}"


def _are(names: Sequence[str]) -> str:
    return f"are {', '.join(names)}" if names else "are empty"


def _depends(role: Settings) -> bool:
    if role.get("allow_token_displayname"):
        return True
    return bool(role.get("allowed_domains_template")) and any("{{" in each for each in role.get("allowed_domains", ()))


def _is_san(name: str) -> bool:
    return "@" in name or re.search(_SAN, name) is not None


def to_ascii(name: str) -> str | None:
    """Labels that are not ASCII as punycode, nothing else changed; None where a label or the whole has a length that DNS forbids."""
    labels = name.split(".")
    if len(labels) > 1 and labels[-1] == "":
        labels.pop()
    done = [each if each.isascii() else "xn--" + each.encode("punycode").decode() for each in labels]
    whole = ".".join(done)
    if any(not 0 < len(label) <= 63 for label in done) or len(whole) > 253:
        return None
    return whole + ("." if name.endswith(".") else "")


def split(values: Sequence[str]) -> list[str]:
    """The operator joins lists with commas, so a comma inside a value splits it too; empty ones fall away."""
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
