"""One source of an intent, `kv`, `dynamic` or `pki`: from the checked fields to a frozen `Part`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.findings import PathKey
from keywave.intent import durations, placeholders
from keywave.intent.model import DynamicSource, KvSource, Part, PkiSource, Profile, SourceSpec
from keywave.intent.notes import Notes
from keywave.intent.paths import check_dynamic_path, check_kv_path, check_path, join
from keywave.intent.wire_intent import DYNAMIC_FIELDS, KV_FIELDS, PKI_FIELDS, SOURCE_FIELDS

Keys = tuple[PathKey, ...]
KINDS = ("kv", "dynamic", "pki")
FIELDS_OF: Mapping[str, frozenset[str]] = {
    "kv": frozenset((*KV_FIELDS, "mount", "keys")),
    "dynamic": frozenset((*DYNAMIC_FIELDS, "mount", "revoke", "keys")),
    "pki": frozenset((*PKI_FIELDS, "mount", "revoke", "keys")),
}
_PKI_SETTINGS = (
    "ipSans",
    "uriSans",
    "otherSans",
    "userIDs",
    "notAfter",
    "privateKeyFormat",
    "excludeCNFromSans",
    "clear",
)
_LONGEST_COMMON_NAME = 64


def part_of(
    notes: Notes, spec: Mapping[str, Any], keys: Keys, *, name: str, profile: Profile, fills: Mapping[str, str]
) -> Part | None:
    """The source that `spec` describes (it stands at `keys`); None when it cannot be told which kind it is."""
    kind = _kind(notes, spec, keys)
    if not kind:
        return None
    _check_fields(notes, spec, kind, keys)
    if kind == "kv":
        source: SourceSpec = _kv(notes, spec, keys, profile, fills)
    elif kind == "dynamic":
        source = _dynamic(notes, spec, keys, profile, fills)
    else:
        source = _pki(notes, spec, keys, profile, fills)
    chosen: Mapping[str, str] | None = None if kind == "pki" else spec.get("keys")
    if chosen is not None and not chosen:
        hint = "name the keys, or leave keys out (in an overlay: keys: null) to take all"
        notes.error("KW1027", "keys is empty: the Secret would hold nothing", *keys, "keys", hint=hint)
    return Part(name, source, chosen)


def _kind(notes: Notes, spec: Mapping[str, Any], keys: Keys) -> str:
    given = [kind for kind in KINDS if kind in spec]
    if not given:
        hint = "write kv: <path>, dynamic: <path> or pki: <role>" + (
            "" if len(keys) > 1 else ", or sources: {name: ...}"
        )
        notes.error("KW1020", "no source is given", *keys, hint=hint)
        return ""
    for extra in given[1:]:
        hint = f"keep one; an overlay removes the base's with {given[0]}: null"
        notes.error("KW1021", f'"{extra}" cannot stand beside "{given[0]}"', *keys, extra, hint=hint)
    return given[0] if len(given) == 1 else ""


def _check_fields(notes: Notes, spec: Mapping[str, Any], kind: str, keys: Keys) -> None:
    for field in spec:
        if field in FIELDS_OF[kind] or field not in SOURCE_FIELDS:
            continue
        homes = " and ".join(k for k in KINDS if field in FIELDS_OF[k])
        message = f'"{field}" is a field of {homes} sources, not of {kind}'
        notes.error("KW1022", message, *keys, field, hint="remove it, or set it to null in the overlay")


def _mount(notes: Notes, spec: Mapping[str, Any], keys: Keys, default: str, kind: str, fills: Mapping[str, str]) -> str:
    if "mount" in spec:
        mount: str = spec["mount"]
        usable = check_path(notes, mount, "the mount", *keys, "mount")
        if usable and kind == "kv" and mount.endswith("/data"):
            hint = f"write {mount.removesuffix('/data')}"
            notes.error("KW1024", f'"{mount}" is the path of the HTTP API, not the mount', *keys, "mount", hint=hint)
        return mount
    if not default:
        hint = f'give "mount", or {kind}: {{mount: ...}} in the profile'
        notes.error(
            "KW1026", f"neither the intent nor its profile says where the {kind} engine is mounted", *keys, hint=hint
        )
    return placeholders.fill(default, fills)


def _kv(notes: Notes, spec: Mapping[str, Any], keys: Keys, profile: Profile, fills: Mapping[str, str]) -> KvSource:
    mount = _mount(notes, spec, keys, profile.kv_mount, "kv", fills)
    engine = spec.get("kvVersion", profile.kv_version)
    path: str = spec["kv"]
    if engine == 2:
        check_kv_path(notes, path, mount, *keys, "kv")
    else:
        check_path(notes, path, "the path", *keys, "kv")
    if "prefix" in spec:
        prefix: str = spec["prefix"]
        if prefix.strip("/"):
            check_path(notes, prefix.removesuffix("/"), "the prefix", *keys, "prefix")
    else:
        prefix = placeholders.fill(profile.kv_prefix, fills)
    version = spec.get("version")
    if version is not None and engine == 1:
        hint = "remove version, or set kvVersion: 2 if the mount is of version 2"
        notes.error("KW1023", "KV version 1 keeps no versions", *keys, "version", hint=hint)
    return KvSource(mount, join(prefix, path), 1 if engine == 1 else 2, None if version is None else int(version))


def _dynamic(
    notes: Notes, spec: Mapping[str, Any], keys: Keys, profile: Profile, fills: Mapping[str, str]
) -> DynamicSource:
    mount = _mount(notes, spec, keys, profile.dynamic_mount, "dynamic", fills)
    check_dynamic_path(notes, spec["dynamic"], mount, *keys, "dynamic")
    if spec.get("params") and spec.get("method", "PUT") != "PUT":
        hint = "write method: PUT, or leave it out"
        notes.error("KW1035", "a request with params is always sent with PUT", *keys, "method", hint=hint)
    percent = spec.get("renewalPercent")
    return DynamicSource(
        mount=mount,
        path=spec["dynamic"],
        method=spec.get("method", ""),
        params=spec.get("params", {}),
        renewal_percent=None if percent is None else int(percent),
        revoke=spec.get("revoke"),
        allow_static_creds=spec.get("allowStaticCreds"),
    )


def _pki(notes: Notes, spec: Mapping[str, Any], keys: Keys, profile: Profile, fills: Mapping[str, str]) -> PkiSource:
    if "keys" in spec:
        hint = "the Secret has tls.crt, tls.key and ca.crt; use templates for other keys"
        notes.error("KW1030", "a certificate has keys of its own", *keys, "keys", hint=hint)
    if "issuer" in spec:
        check_path(notes, spec["issuer"], "the issuer", *keys, "issuer")
    services = tuple(spec.get("services", ()))
    names = _service_names(notes, services, fills.get("namespace", ""), keys)
    common_name = _common_name(notes, spec, names, keys)
    return PkiSource(
        mount=_mount(notes, spec, keys, profile.pki_mount, "pki", fills),
        role=spec["pki"],
        common_name=common_name,
        alt_names=tuple(dict.fromkeys((*spec.get("altNames", ()), *names))),
        services=services,
        ttl=spec.get("ttl", ""),
        expiry_offset=_expiry_offset(notes, spec, keys),
        format=spec.get("format", ""),
        issuer_ref=spec.get("issuer", ""),
        revoke=spec.get("revoke"),
        settings={k: spec[k] for k in _PKI_SETTINGS if k in spec},
    )


def _service_names(notes: Notes, services: tuple[str, ...], namespace: str, keys: Keys) -> list[str]:
    if services and not namespace:
        hint = "set metadata.namespace, or namespace in the kustomization"
        notes.error("KW1031", "the DNS names of services need the namespace", *keys, "services", hint=hint)
        return []
    short = [f"{service}.{namespace}.svc" for service in services]
    return [name for each in short for name in (each, f"{each}.cluster.local")]


def _common_name(notes: Notes, spec: Mapping[str, Any], names: list[str], keys: Keys) -> str:
    given: str = spec.get("commonName", "")
    if given:
        return given
    if not names:
        if not spec.get("services"):
            notes.error("KW1031", "the certificate has no name", *keys, "pki", hint="give commonName or services")
        return ""
    if len(names[0]) > _LONGEST_COMMON_NAME:
        message = f'"{names[0]}" is longer than the 64 characters that a common name may have'
        notes.error("KW1031", message, *keys, "services", hint="give a shorter commonName")
    return names[0]


def _expiry_offset(notes: Notes, spec: Mapping[str, Any], keys: Keys) -> str:
    ttl: str = spec.get("ttl", "")
    given: str = spec.get("expiryOffset", "")
    if not given:
        offset = durations.third(ttl)
        if not offset:
            message = "without expiryOffset the certificate is renewed only when it ends"
            notes.warn(
                "KW1032",
                message,
                *keys,
                "ttl" if ttl else "pki",
                hint="give ttl (a third of it is taken) or expiryOffset",
            )
        return offset
    whole, part = durations.milliseconds(ttl), durations.milliseconds(given)
    if whole is not None and part is not None and part >= whole:
        message = f"expiryOffset {given} is not shorter than ttl {ttl}: every certificate is due at once"
        notes.error(
            "KW1033", message, *keys, "expiryOffset", hint=f"such as {durations.third(ttl) or 'a third of ttl'}"
        )
    return given
