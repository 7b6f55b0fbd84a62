"""PKI: role and issuer exist, the role allows the names, and the certificate lives long enough to be renewed in time.

Sources: Vault's PKI API (a ttl above max_ttl is cut to it with a warning in the answer that no operator shows); the operator renews at
expiration minus expiryOffset, and adds up to 5 % to that moment, so an offset below that share may come after the end.
"""

from __future__ import annotations

from collections.abc import Iterator

from keywave.findings import Finding, nearest
from keywave.references.model import Certificate
from keywave.vault.engines import issuer_of, role_of, seconds
from keywave.vault.inventory import Fact, Mount, Settings, State
from keywave.verify.asked import Asked, impossible, no_role
from keywave.verify.engines import SYSTEM_TTL
from keywave.verify.pki_names import Refused, refused
from keywave.verify.view import View, of_kind
from keywave.verify.wording import or_else, some, space, span

LEAST_OFFSET = 6
"""Percent of a certificate's life."""
FIELDS = {
    "ipSans": "allow_ip_sans=true",
    "uriSans": "allowed_uri_sans={}",
    "otherSans": "allowed_other_sans={}",
    "userIDs": "allowed_user_ids={}",
}


def check_pki_roles(view: View) -> Iterator[Finding]:
    """KW8301, KW8302."""
    for asked, mount in of_kind(view, "pki"):
        path = role_of(mount, asked.resolved.path)
        if path is not None and no_role(asked, path):
            name = path.rpartition("/")[2]
            # Nobody lists the roles for a name that cannot be one, and a lock that has them must not say more.
            names = () if impossible(asked, path) else asked.inventory.listing(asked.namespace, f"{mount.path}/roles/")
            near = nearest(name, names)
            there = f"; it has {some(names)}" if names else ""
            yield asked.reference.finding(
                "KW8301",
                f'the PKI engine at "{mount.path}" has no role "{name}"{there}',
                hint=or_else(
                    near, f"vault write{space(asked.namespace)} {path} allowed_domains=DOMAIN allow_subdomains=true"
                ),
            )
        issuer = issuer_of(mount, asked.resolved.path)
        listed = issuers_of(asked, mount)
        if issuer and listed.value is not None and issuer not in listed.value:
            near = nearest(issuer, listed.value)
            yield asked.reference.finding(
                "KW8302",
                f'the PKI engine at "{mount.path}" has no issuer "{issuer}"; it has {some(listed.value)}',
                "issuer",
                hint=or_else(near, "leave the issuer out, for that of the role"),
            )


def check_pki_names(view: View) -> Iterator[Finding]:
    """KW8303, KW8304."""
    for asked, path, role, certificate in _certificates(view):
        for one in refused(role, certificate):
            yield _refused(asked, path, one)


def check_pki_times(view: View) -> Iterator[Finding]:
    """KW8305, KW8306."""
    for asked, path, role, certificate in _certificates(view):
        mount = asked.resolved.mount
        if mount is None or role.get("not_after"):
            continue
        limit = role.get("max_ttl") or mount.max_ttl or SYSTEM_TTL
        life = min(certificate.ttl or role.get("ttl") or mount.default_ttl or SYSTEM_TTL, limit)
        if certificate.ttl > limit:
            yield asked.reference.finding(
                "KW8305",
                f"a certificate for {span(certificate.ttl)} is asked for, Vault gives one for {span(limit)}: the max_ttl of "
                f"{path if role.get('max_ttl') else mount.path}",
                "ttl",
                hint=f"ask for ttl: {span(limit)}, or: {_longer(asked, path, mount, role, certificate.ttl)}",
                warning=True,
            )
        if certificate.expiry_offset and not _told_by_the_tree(asked, certificate):
            yield from _offset(asked, certificate.expiry_offset, life)


def issuers_of(asked: Asked, mount: Mount) -> Fact[tuple[str, ...]]:
    """Ids and names of the mount's issuers."""
    return asked.inventory.names.get((asked.namespace, f"{mount.path}/issuers/"), NOT_LISTED)


def _certificates(view: View) -> Iterator[tuple[Asked, str, Settings, Certificate]]:
    for asked, mount in of_kind(view, "pki"):
        path = role_of(mount, asked.resolved.path)
        role = asked.inventory.role(asked.namespace, path).value if path else None
        certificate = asked.reference.certificate or _sent(asked)
        if path and role is not None and certificate is not None:
            yield asked, path, role, certificate


def _sent(asked: Asked) -> Certificate | None:
    """What the parameters of a plain request to `issue/` say (VaultDynamicSecret, a generator, CSI, the agent's template)."""
    given = asked.reference.params
    if "issue" not in asked.resolved.path.split("/")[:3:2] or not given:
        return None
    alt, ips, uris, others, users = (
        tuple(given.get(name, "").split(",")) for name in ("alt_names", "ip_sans", "uri_sans", "other_sans", "user_ids")
    )
    alone = given.get("exclude_cn_from_sans") in ("true", "True", "1")
    ttl = seconds(given.get("ttl", ""))
    return Certificate(given.get("common_name", ""), alt, ips, uris, others, users, ttl, exclude_cn_from_sans=alone)


def _told_by_the_tree(asked: Asked, certificate: Certificate) -> bool:
    """KW5109 and KW1033 say it of the object's own ttl, without any Vault."""
    offset, ttl = certificate.expiry_offset, certificate.ttl
    made = bool(asked.reference.manifest.made_by)
    return (
        bool(ttl)
        and asked.reference.family == "vso"
        and (offset >= ttl or (not made and offset * 100 < ttl * LEAST_OFFSET))
    )


def _longer(asked: Asked, path: str, mount: Mount, role: Settings, ttl: int) -> str:
    """Of a role, `vault patch` changes one field; `vault write` would forget the others."""
    own = f"vault patch{space(asked.namespace)} {path} max_ttl={span(ttl)}"
    return (
        own
        if role.get("max_ttl")
        else f"vault secrets tune{space(asked.namespace)} -max-lease-ttl={span(ttl)} {mount.path}"
    )


def _refused(asked: Asked, path: str, one: Refused) -> Finding:
    code = "KW8304" if one.other else "KW8303"
    if not one.value:
        return asked.reference.finding(
            code, f"{path} gives no certificate without a name: {one.reason}", one.spot, hint="set commonName"
        )
    if one.depends:
        return asked.reference.finding(
            code,
            f'whether {path} allows "{one.value}" depends on who asks: the role compares with the identity (a template or display name)',
            one.spot,
            hint="nothing to do where the identity gives that name",
            warning=True,
        )
    how = " (Vault 1.21 leaves the name out without a word, later ones refuse)" if one.left_out else ""
    field = FIELDS.get(one.spot, "").format(one.value)
    fix = f", or: vault patch{space(asked.namespace)} {path} {field}" if field else ""
    return asked.reference.finding(
        code,
        f'{path} does not allow "{one.value}": {one.reason}{how}',
        one.spot,
        hint=f"ask for a name that the role allows{fix}"
        if one.other
        else f"ask for a name that the role allows, or change {path}",
    )


def _offset(asked: Asked, offset: int, life: int) -> Iterator[Finding]:
    third = max(life // 3, 1)
    advice = span(third - third % 3600 if third > 3600 else third)
    if offset >= life:
        yield asked.reference.finding(
            "KW8306",
            f"expiryOffset is {span(offset)}, the certificate lives {span(life)}: the operator asks for a new one at once, again and again",
            "expiryOffset",
            hint=f"set expiryOffset: {advice}, or a longer ttl",
        )
    elif offset * 100 < life * LEAST_OFFSET:
        yield asked.reference.finding(
            "KW8306",
            f"expiryOffset is {span(offset)}, less than {LEAST_OFFSET} % of the {span(life)} that the certificate lives: the operator may "
            "renew it after its end",
            "expiryOffset",
            hint=f"set expiryOffset: {advice}",
            warning=True,
        )


NOT_LISTED: Fact[tuple[str, ...]] = Fact(State.UNCOVERED)
