"""Family `vso`: VaultStaticSecret, VaultDynamicSecret, VaultPKISecret, and the sources of keywave's own VaultCompositeSecret.

Of a made object the values are the object's, and the places the intent's or the profile's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from keywave.objects.ids import VSO_GROUP
from keywave.objects.manifest import Manifest, mapping, sequence
from keywave.references.made_spots import part_of, spots_of_part, wanted_keys
from keywave.references.model import Certificate, Reference, Spot
from keywave.references.setting import Setting, number, text, texts
from keywave.references.template_keys import keys_needed
from keywave.references.vso_login import Login, login_of
from keywave.vault.engines import seconds

SUMMARY = (
    "kinds of secrets.hashicorp.com and keywave's composite; the operator reads, as the ServiceAccount of its VaultAuth"
)
COMPOSITE_GROUP = "reconcile.keywave.dev"
_BLOCKS = {"VaultStaticSecret": "kv", "VaultDynamicSecret": "dynamic", "VaultPKISecret": "pki"}
_ENGINES = {"kv-v1": 1, "kv-v2": 2}
_SPOT_FIELDS = {
    "mount": "mount",
    "version": "version",
    "type": "type",
    "refresh": "refreshAfter",
    "renewal": "renewalPercent",
    "role": "role",
    "issuer": "issuerRef",
    "commonName": "commonName",
    "altNames": "altNames",
    "ipSans": "ipSans",
    "uriSans": "uriSans",
    "otherSans": "otherSans",
    "ttl": "ttl",
    "expiryOffset": "expiryOffset",
    "method": "requestHTTPMethod",
    "params": "params",
}


def references(setting: Setting) -> Iterable[Reference]:
    """Of every secret object of the operator."""
    for manifest in setting.of(VSO_GROUP, *_BLOCKS):
        kind = _BLOCKS[manifest.kind]
        login = login_of(manifest, setting)
        spec = manifest.spec
        spots, keys = _written(manifest, kind, spec, setting)
        yield from _reference(manifest, kind, spec, spec, login, spots, keys)
    for manifest in setting.of(COMPOSITE_GROUP, "VaultCompositeSecret"):
        login = login_of(manifest, setting)
        for index, source in enumerate(sequence(manifest.spec.get("sources"))):
            source = mapping(source)
            for kind in ("kv", "dynamic", "pki"):
                block = mapping(source.get(kind))
                if block:
                    spots, keys = _composed(manifest, index, kind, source, setting)
                    yield from _reference(manifest, kind, block, manifest.spec, login, spots, keys)


def _reference(
    manifest: Manifest,
    kind: str,
    block: Mapping[str, Any],
    spec: Mapping[str, Any],
    login: Login,
    spots: Mapping[str, Spot],
    keys: tuple[str, ...],
) -> Iterable[Reference]:
    """None for an object that does not say what it reads: other checks tell."""
    mount = text(block.get("mount")).strip("/")
    path = text(block.get("role" if kind == "pki" else "path")).strip("/")
    if not mount or not path:
        return
    base = Reference(
        kind="kv",
        manifest=manifest,
        vault=login.vault,
        identity=login.identity,
        vault_namespace=text(spec.get("namespace")) or login.vault_namespace,
        mount=mount,
        path=path,
        spots=spots,
        keys=keys,
        refresh_after=seconds(block.get("refreshAfter") or spec.get("refreshAfter") or 0),
    )
    if kind == "kv":
        version = number(block.get("version")) or None
        yield base._replace(engine=_ENGINES.get(text(block.get("type"))), version=version)
    elif kind == "dynamic":
        params = {str(name): str(value) for name, value in mapping(block.get("params")).items()}
        yield base._replace(
            kind="dynamic",
            method="PUT" if params else text(block.get("requestHTTPMethod")) or "GET",
            params=params,
            renewal_percent=number(block.get("renewalPercent")),
            allow_static_creds=block.get("allowStaticCreds") is True,
        )
    else:
        yield base._replace(kind="pki", method="PUT", certificate=_certificate(block), params=_sent(block))


def _certificate(block: Mapping[str, Any]) -> Certificate:
    return Certificate(
        common_name=text(block.get("commonName")),
        alt_names=texts(block.get("altNames")),
        ip_sans=texts(block.get("ipSans")),
        uri_sans=texts(block.get("uriSans")),
        other_sans=texts(block.get("otherSans")),
        user_ids=texts(block.get("userIDs")),
        ttl=seconds(block.get("ttl") or 0),
        expiry_offset=seconds(block.get("expiryOffset") or 0),
        issuer=text(block.get("issuerRef")).removesuffix("/issue"),
        exclude_cn_from_sans=block.get("excludeCNFromSans") is True,
    )


def _sent(block: Mapping[str, Any]) -> dict[str, str]:
    """The request for a certificate, empty texts with it, since a policy's allowed_parameters hold for those too (read in the operator's
    source, GetIssuerAPIData). `user_ids` only where said: older versions do not send it."""
    always = {
        "common_name": text(block.get("commonName")),
        "alt_names": ",".join(texts(block.get("altNames"))),
        "ip_sans": ",".join(texts(block.get("ipSans"))),
        "uri_sans": ",".join(texts(block.get("uriSans"))),
        "other_sans": ",".join(texts(block.get("otherSans"))),
        "ttl": text(block.get("ttl")),
        "not_after": text(block.get("notAfter")),
        "exclude_cn_from_sans": "true" if block.get("excludeCNFromSans") is True else "false",
        "remove_roots_from_chain": "true",
    }
    where_said = {
        "format": text(block.get("format")),
        "private_key_format": text(block.get("privateKeyFormat")),
        "user_ids": ",".join(texts(block.get("userIDs"))),
    }
    return {**always, **{name: value for name, value in where_said.items() if value}}


def _written(
    manifest: Manifest, kind: str, spec: Mapping[str, Any], setting: Setting
) -> tuple[dict[str, Spot], tuple[str, ...]]:
    """Where its fields are written, and the keys that must be in Vault."""
    intent = setting.intent_of(manifest)
    part = part_of(intent, manifest, kind) if intent is not None else None
    if intent is not None and part is not None:
        return spots_of_part(intent, part), wanted_keys(intent, part)
    spots: dict[str, Spot] = {"path": (manifest, ("spec", "role" if kind == "pki" else "path"))}
    spots |= {spot: (manifest, ("spec", field)) for spot, field in _SPOT_FIELDS.items() if field in spec}
    if kind == "pki":
        return spots, ()
    keys, where = _template_keys(manifest)
    return spots | where, keys


def _template_keys(manifest: Manifest) -> tuple[tuple[str, ...], dict[str, Spot]]:
    base = ("spec", "destination", "transformation", "templates")
    templates = mapping(mapping(mapping(manifest.spec.get("destination")).get("transformation")).get("templates"))
    spots: dict[str, Spot] = {}
    for name, template in sorted(templates.items()):
        for key in keys_needed(text(mapping(template).get("text"))):
            spots.setdefault(f"key:{key}", (manifest, (*base, name, "text")))
    return tuple(sorted(spot.removeprefix("key:") for spot in spots)), spots


def _composed(
    manifest: Manifest, index: int, kind: str, source: Mapping[str, Any], setting: Setting
) -> tuple[dict[str, Spot], tuple[str, ...]]:
    intent = setting.intent_of(manifest)
    part = next((p for p in intent.parts if p.name == source.get("name")), None) if intent is not None else None
    if intent is not None and part is not None:
        return spots_of_part(intent, part), wanted_keys(intent, part)
    block, base = mapping(source.get(kind)), ("spec", "sources", index, kind)
    spots: dict[str, Spot] = {"path": (manifest, (*base, "role" if kind == "pki" else "path"))}
    spots |= {spot: (manifest, (*base, field)) for spot, field in _SPOT_FIELDS.items() if field in block}
    keys = {str(name): text(vault_key) for name, vault_key in mapping(source.get("keys")).items()}
    spots |= {f"key:{key}": (manifest, ("spec", "sources", index, "keys", name)) for name, key in keys.items() if key}
    return spots, tuple(sorted({key for key in keys.values() if key}))
