"""SecretIntent: from the checked spec to the frozen `Intent`, with its profile's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.findings import PathKey
from keywave.intent import placeholders, rules
from keywave.intent.convert_source import part_of
from keywave.intent.guardrails import check_intent
from keywave.intent.model import Consumer, Intent, Part, PkiSource, Profile, RestartTarget
from keywave.intent.notes import Notes
from keywave.intent.wire_intent import SOURCE_FIELDS
from keywave.objects.manifest import Manifest


def intent_of(
    notes: Notes, spec: Mapping[str, Any], manifest: Manifest, profile: Profile, fills: Mapping[str, str]
) -> Intent | None:
    """Make the intent; None when no source of it is usable. `fills` has the values of the placeholders, "" where unknown."""
    _check_fills(notes, profile, fills)
    parts = _parts(notes, spec, profile, fills)
    rules.check(notes, spec, parts)
    if not parts:
        return None
    create = spec.get("create", True)
    pki = len(parts) == 1 and isinstance(parts[0].source, PkiSource)
    vault_namespace = placeholders.fill(profile.vault_namespace, fills)
    own_namespace = spec.get("vaultNamespace", vault_namespace)
    intent = Intent(
        name=manifest.name,
        namespace=manifest.namespace,
        manifest=manifest,
        profile=profile,
        parts=parts,
        deliver=spec.get("deliver", profile.deliver),
        templates=spec.get("templates", {}),
        transformations=tuple(spec.get("transformations", ())),
        includes=tuple(spec.get("includes", ())),
        excludes=tuple(spec.get("excludes", ())),
        exclude_raw=spec.get("excludeRaw", True),
        type=spec.get("type", "kubernetes.io/tls" if pki and create else ""),
        labels=spec.get("labels", {}),
        annotations=spec.get("annotations", {}),
        create=create,
        overwrite=spec.get("overwrite", False),
        refresh_after=spec.get("refreshAfter", profile.refresh_after),
        hmac_secret_data=spec.get("hmacSecretData"),
        instant_updates=spec.get("instantUpdates"),
        service_account=spec.get("serviceAccount", ""),
        vault_namespace=own_namespace,
        consumers=tuple(_consumer(i, each) for i, each in enumerate(spec.get("consumers", ()))),
        restart=spec.get("restart", True),
        restart_targets=tuple(RestartTarget(each["kind"], each["name"]) for each in spec.get("restartTargets", ())),
        vso=spec.get("vso", {}),
        csi=spec.get("csi", {}),
        eso=spec.get("eso", {}),
        injector=spec.get("injector", {}),
        fills=fills,
    )
    check_intent(notes, profile, intent, own_vault_namespace=own_namespace != vault_namespace)
    return intent


def _parts(notes: Notes, spec: Mapping[str, Any], profile: Profile, fills: Mapping[str, str]) -> tuple[Part, ...]:
    sources: Mapping[str, Mapping[str, Any]] | None = spec.get("sources")
    if sources is None:
        own = part_of(notes, spec, ("spec",), name="", profile=profile, fills=fills)
        return () if own is None else (own,)
    for field in spec:
        if field in SOURCE_FIELDS:
            code = "KW1021" if field in ("kv", "dynamic", "pki") else "KW1022"
            hint = "move it into one of the sources, or set it to null in the overlay"
            notes.error(code, f'"{field}" cannot stand beside "sources"', "spec", field, hint=hint)
    if not sources:
        notes.error("KW1020", "sources is empty", "spec", "sources", hint="write sources: {app: {kv: <path>}}")
    made = (
        part_of(notes, each, ("spec", "sources", name), name=name, profile=profile, fills=fills)
        for name, each in sources.items()
    )
    return tuple(part for part in made if part is not None)


def _check_fills(notes: Notes, profile: Profile, fills: Mapping[str, str]) -> None:
    """`{namespace}` is the one placeholder that an intent may fail to fill."""
    if fills.get("namespace"):
        return
    texts = {
        "auth.role": profile.auth.role,
        "auth.mount": profile.auth.mount,
        "vaultNamespace": profile.vault_namespace,
        "kv.mount": profile.kv_mount,
        "kv.prefix": profile.kv_prefix,
        "dynamic.mount": profile.dynamic_mount,
        "pki.mount": profile.pki_mount,
    }
    users = [field for field, text in texts.items() if "namespace" in placeholders.names(text)]
    if users:
        keys: tuple[PathKey, ...] = ("metadata",)
        message = f'the profile "{profile.name}" uses {{namespace}} in {", ".join(users)}, and this intent has none'
        notes.error("KW1041", message, *keys, hint="set metadata.namespace, or namespace in the kustomization")


def _consumer(index: int, spec: Mapping[str, Any]) -> Consumer:
    mode = spec.get("mode")
    return Consumer(
        number=index,
        workload=spec["workload"],
        kind=spec.get("kind", "Deployment"),
        container=spec.get("container", ""),
        env_from=spec.get("envFrom", False),
        env=spec.get("env", {}),
        mount_path=spec.get("mountPath", ""),
        items=spec.get("items", {}),
        mode=None if mode is None else int(mode),
    )
