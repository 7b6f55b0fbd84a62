"""Do workloads and intents fit together? Every Secret and key that something refers to must come from somewhere, and be used by somebody.

Runs over the rendered set. Only references by name are read; a reference that is `optional` may dangle. `external` in a profile silences
what comes from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from keywave.findings import Finding, did_you_mean
from keywave.intent.model import Intent, Part
from keywave.intent.produces import produced_keys, secret_names, splits
from keywave.objects.manifest import Manifest, mapping, sequence
from keywave.objects.workloads import CONTAINER_LISTS, SecretUse, pod_template, same_namespace, secret_uses
from keywave.validate.login_secrets import check_login_secrets
from keywave.validate.makers import made_secrets
from keywave.validate.nearby import Nearby

if TYPE_CHECKING:
    from keywave.intent.load import Loaded


class _Given(NamedTuple):
    """A Secret that an intent gives; `keys` is None where only Vault knows them."""

    intent: Intent
    keys: tuple[str, ...] | None


def check_consumers(manifests: Sequence[Manifest], loaded: Loaded) -> list[Finding]:
    """References to Secrets and keys that nobody gives, intents that nobody uses, files that never change.

    `manifests` is the rendered set, consumers wired. Namespaces count; one that a manifest does not name fits any.
    """
    uses = secret_uses(manifests)
    given = _given(loaded.intents)
    made = made_secrets(manifests)
    findings = _dangling(uses, given, made, loaded)
    findings.extend(check_login_secrets(manifests, loaded, made))
    findings.extend(_unknown_keys(uses, given))
    used = {id(item.intent) for use in uses for item in _matching(given, use)}
    rendered = {manifest.made_by for manifest in manifests}  # the platform kit holds no Secret of the intents
    idle = [intent for intent in loaded.intents if id(intent) not in used and intent.subject in rendered]
    findings.extend(_unused(idle, manifests, {use.secret for use in uses}))
    findings.extend(_frozen_files(uses, given))
    return findings


def _given(intents: Iterable[Intent]) -> dict[str, list[_Given]]:
    given: dict[str, list[_Given]] = {}
    for intent in intents:
        parts: Sequence[Part | None] = intent.parts if splits(intent) else (None,)
        for name, part in zip(secret_names(intent), parts, strict=True):
            given.setdefault(name, []).append(_Given(intent, produced_keys(intent, part)))
    return given


def _matching(given: Mapping[str, list[_Given]], use: SecretUse) -> list[_Given]:
    return [item for item in given.get(use.secret, ()) if same_namespace(item.intent.namespace, use.namespace)]


def _dangling(
    uses: Sequence[SecretUse], given: Mapping[str, list[_Given]], made: Mapping[str, set[str]], loaded: Loaded
) -> list[Finding]:
    """One finding for each object and Secret."""
    external = [pattern for profile in loaded.profiles for pattern in profile.external]
    settled = {intent.name for intent in loaded.intents if splits(intent)} | loaded.unusable  # told already
    nearby = Nearby(given)
    told: set[tuple[int, str]] = set()
    findings: list[Finding] = []
    for use in uses:
        place = (id(use.workload), use.secret)
        opaque = "${" in use.secret  # Flux fills it in later
        if use.optional or opaque or use.secret in settled or place in told or _matching(given, use):
            continue
        if any(same_namespace(use.namespace, namespace) for namespace in made.get(use.secret, ())):
            continue
        if any(fnmatchcase(use.secret, pattern) for pattern in external):
            continue
        told.add(place)
        findings.append(_dangling_use(use, given, nearby))
    return findings


def _dangling_use(use: SecretUse, given: Mapping[str, list[_Given]], nearby: Nearby) -> Finding:
    elsewhere = sorted(item.intent.namespace for item in given.get(use.secret, ()))
    if elsewhere:
        message = f"the Secret {use.secret} is made in the namespace {elsewhere[0]}, not in {use.namespace}"
        return use.workload.finding(
            "KW2001", message, *use.keys, hint=f"move the intent to {use.namespace}, or make a second one there"
        )
    near = nearby.of(use.secret, use.workload.name)
    if near:
        message = f"there is no Secret {use.secret}, but an intent {near}"
        return use.workload.finding("KW2001", message, *use.keys, hint=f'did you mean "{near}"?')
    message = f"neither an intent nor the tree makes the Secret {use.secret}"
    hint = f"add an intent, or say external: [{use.secret}] in the profile if it comes from elsewhere"
    return use.workload.warning("KW2002", message, *use.keys, hint=hint)


def _unknown_keys(uses: Iterable[SecretUse], given: Mapping[str, list[_Given]]) -> list[Finding]:
    findings: list[Finding] = []
    for use in uses:
        items = _matching(given, use)
        if not use.key or use.optional or not items:
            continue
        if all(item.keys is not None and use.key not in item.keys for item in items):
            known = items[0].keys or ()
            hint = did_you_mean(use.key, known) or f"there are: {', '.join(known)}"
            message = f"the intent {items[0].intent.name} does not give the key {use.key}"
            findings.append(use.workload.finding("KW2003", message, *_key_of(use), hint=hint))
    return findings


def _key_of(use: SecretUse) -> tuple[Any, ...]:
    """Env uses point at the Secret's name; the key stands beside it."""
    return (*use.keys[:-1], "key") if use.how == "env" else use.keys


def _unused(idle: Sequence[Intent], manifests: Sequence[Manifest], used_names: set[str]) -> list[Finding]:
    """Intents that no reference names; the few left over are searched for in objects of any kind."""
    suspects = [intent for intent in idle if not _for_others(intent)]
    if not suspects:
        return []
    mentioned = _mentioned({intent.name for intent in suspects}, manifests)
    findings: list[Finding] = []
    for intent in suspects:
        split_by_hand = splits(intent) and intent.name in used_names  # expansion has told that already
        if intent.name in mentioned or split_by_hand:
            continue
        findings.append(
            intent.manifest.warning(
                "KW2004",
                f"nothing in the tree uses the Secret {intent.name}",
                "metadata",
                "name",
                hint="refer to it from a workload (envFrom, env, volume), or say consumers: in the intent; remove it if nobody needs it",
            )
        )
    return findings


def _for_others(intent: Intent) -> bool:
    """Secrets that somebody finds by labels or annotations (Argo CD repositories, mirrors), and restarts that the user named."""
    return bool(intent.labels or intent.annotations or intent.restart_targets or intent.consumers)


def _mentioned(names: set[str], manifests: Iterable[Manifest]) -> set[str]:
    """The names that stand, in any user's object, as a value somewhere below a field whose name has "secret" in it."""
    found: set[str] = set()
    for manifest in manifests:
        if not manifest.made_by:
            _search(manifest.body, names, found, False)
    return found


def _search(value: Any, names: set[str], found: set[str], below: bool) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _search(inner, names, found, below or "secret" in str(key).lower())
    elif isinstance(value, list):
        for inner in value:
            _search(inner, names, found, below)
    elif below and isinstance(value, str) and value in names:
        found.add(value)


def _frozen_files(uses: Iterable[SecretUse], given: Mapping[str, list[_Given]]) -> list[Finding]:
    """A file mounted by `subPath` keeps its first content for the pod's life; without a restart nobody sees a new value."""
    findings: list[Finding] = []
    told: set[tuple[int, str]] = set()
    for use in uses:
        place = (id(use.workload), use.secret)
        if use.how != "volume" or place in told or all(item.intent.restart for item in _matching(given, use)):
            continue
        if (mount := _sub_path_mount(use)) is not None:
            told.add(place)
            message = f"the Secret {use.secret} is mounted by subPath at {mount}: the file never changes, and restart is false"
            hint = "mount the whole folder, or take restart: false out of the intent"
            findings.append(use.workload.warning("KW2011", message, *use.keys, hint=hint))
    return findings


def _sub_path_mount(use: SecretUse) -> str | None:
    found = pod_template(use.workload)
    if found is None or "volumes" not in use.keys:
        return None
    spec = mapping(found[0].get("spec"))
    index = use.keys[use.keys.index("volumes") + 1]
    volumes = sequence(spec.get("volumes"))
    name = mapping(volumes[index]).get("name") if isinstance(index, int) else None
    for listed in CONTAINER_LISTS:
        for container in sequence(spec.get(listed)):
            for mount in sequence(mapping(container).get("volumeMounts")):
                item = mapping(mount)
                if item.get("name") == name and (item.get("subPath") or item.get("subPathExpr")):
                    return str(item.get("mountPath", ""))
    return None
