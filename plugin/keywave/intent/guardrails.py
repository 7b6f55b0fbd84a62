"""What a profile lets a tree do (`allow`), checked for every intent that uses the profile.

Paths are matched as Vault's policies match them: a `*` at the end stands for any rest, a segment `+` for one segment, and nothing
else is special. Names (projects, namespaces, roles, deliver) take `*` anywhere, for any text. Placeholders in a pattern are filled
from the intent. What is not known yet (a Flux variable) is not allowed: a guardrail that guesses is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from keywave.findings import Finding, PathKey
from keywave.intent import placeholders
from keywave.intent.model import DynamicSource, Intent, KvSource, Part, PkiSource, Profile, SourceSpec
from keywave.intent.notes import OPAQUE, Notes

CODE = "KW1050"
_LATE = ("roles",)
_BESIDE = "use a profile of the catalogue, or ask those who keep it"
_VSO_BYPASS = ("mount", "path", "role", "namespace", "vaultAuthRef", "issuerRef", "type")


def api_path(source: SourceSpec) -> str:
    """The path that a policy must allow: `kv/data/dev/payments`, `database/creds/ro`, `pki/issue/web`."""
    if isinstance(source, KvSource):
        return f"{source.mount}/{'data/' if source.engine == 2 else ''}{source.path}"
    if isinstance(source, DynamicSource):
        return f"{source.mount}/{source.path}"
    return f"{source.mount}/{f'issuer/{source.issuer_ref}/' if source.issuer_ref else ''}issue/{source.role}"


def path_matches(pattern: str, path: str) -> bool:
    """Vault's own rule: `kv/data/a/*` is a prefix, `kv/+/x` has one segment of any text."""
    return bool(_path_regex(pattern).match(path))


def name_matches(pattern: str, name: str) -> bool:
    """`*` stands for any text, case counts, nothing else is special."""
    return bool(_name_regex(pattern).match(name))


@lru_cache(maxsize=1024)
def _path_regex(pattern: str) -> re.Pattern[str]:
    rest = pattern.endswith("*")
    segments = (pattern[:-1] if rest else pattern).split("/")
    text = "/".join("[^/]+" if s == "+" else re.escape(s) for s in segments)
    return re.compile(text + (r".*\Z" if rest else r"\Z"), re.DOTALL)


@lru_cache(maxsize=1024)
def _name_regex(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(p) for p in pattern.split("*")) + r"\Z", re.DOTALL)


def check_patterns(notes: Notes, allow: Mapping[str, list[str]]) -> None:
    """Patterns of a profile that do not mean what they look like: a `*` in the middle of a path, an unknown placeholder."""
    for field, patterns in allow.items():
        known = placeholders.NAMES if field in _LATE else tuple(n for n in placeholders.NAMES if n != "serviceAccount")
        for index, pattern in enumerate(patterns):
            for name in placeholders.names(pattern):
                if name not in known:
                    hint = "known here: " + " ".join(f"{{{k}}}" for k in known)
                    notes.error("KW1040", f"unknown placeholder {{{name}}}", "spec", "allow", field, index, hint=hint)
            if field == "paths" and ("*" in pattern[:-1] or any("+" in s and s != "+" for s in pattern.split("/"))):
                message = f'in "{pattern}" only a * at the end and a whole segment + are special, as in a Vault policy'
                notes.error("KW1051", message, "spec", "allow", field, index, hint="use + for one segment")
            if field == "paths" and pattern.startswith("/"):
                notes.error(
                    "KW1051",
                    f'"{pattern}" matches nothing: API paths have no leading slash',
                    "spec",
                    "allow",
                    field,
                    index,
                )


def check_intent(notes: Notes, profile: Profile, intent: Intent, *, own_vault_namespace: bool) -> None:
    """Every breach of projects, namespaces, paths and deliver; roles wait for `check_role`."""
    allow = profile.allow
    if profile.guards:
        _check_beside(notes, profile, intent)
    if allow is not None or profile.guards:
        _check_bypass(notes, profile, intent, own_vault_namespace=own_vault_namespace)
    if allow is None:
        return
    fills = intent.fills
    names: list[tuple[str, tuple[str, ...] | None, str, tuple[PathKey, ...]]] = [
        ("project", allow.projects, fills.get("project", ""), ()),
        ("namespace", allow.namespaces, fills.get("namespace", ""), ("metadata", "namespace")),
        ("delivery", allow.deliver, intent.deliver, ("spec", "deliver")),
    ]
    for what, patterns, value, keys in names:
        if patterns is not None and not _allowed(patterns, value, fills, path=False):
            said = f'the {what} "{value}"' if value else f"a render without a {what}"
            notes.error(CODE, _refusal(said, profile), *keys, hint=_allowed_text(patterns, fills))
    if allow.paths is not None:
        for part in intent.parts:
            path = api_path(part.source)
            if not _allowed(allow.paths, path, fills, path=True):
                notes.error(
                    CODE,
                    _refusal(f'the path "{path}"', profile),
                    *_keys_of(part),
                    hint=_allowed_text(allow.paths, fills),
                )


def _check_beside(notes: Notes, profile: Profile, intent: Intent) -> None:
    """A profile of the tree is no way round the catalogue's: each path must be allowed by one of those."""
    where = {"namespace": intent.fills.get("namespace", ""), "name": intent.name}
    for part in intent.parts:
        path = api_path(part.source)
        if not any(allowed_by(guard, path=path, **where) for guard in profile.guards):
            notes.error(CODE, _refusal(f'the path "{path}"', profile, beside=True), *_keys_of(part), hint=_BESIDE)


def check_role(profile: Profile, role: str, intent: Intent, *, service_account: str = "") -> list[Finding]:
    """A breach of `allow.roles` by the role that an intent logs in with, after its placeholders are filled."""
    allow = profile.allow
    fills = {**intent.fills, "serviceAccount": service_account}
    where = {"namespace": fills.get("namespace", ""), "name": intent.name, "service_account": service_account}
    if role and profile.guards and not any(allowed_by(guard, role=role, **where) for guard in profile.guards):
        message = _refusal(f'the Vault role "{role}"', profile, beside=True)
        return [intent.manifest.finding(CODE, message, "spec", hint=_BESIDE)]
    if allow is None or allow.roles is None or _allowed(allow.roles, role, fills, path=False):
        return []
    message = _refusal(f'the Vault role "{role}"', profile)
    return [intent.manifest.finding(CODE, message, "spec", hint=_allowed_text(allow.roles, fills))]


def allowed_by(
    guard: Profile, *, path: str = "", role: str = "", namespace: str, name: str, service_account: str = ""
) -> bool:
    """Whether a guarded profile also covers a path or a role that comes from elsewhere: from an object written by hand, or from a
    profile of the tree. True without `allow`.

    The namespace must be an allowed one, too. Where the account is not known, a pattern with `{serviceAccount}` allows nothing.
    """
    allow = guard.allow
    if allow is None:
        return True
    fills = {"namespace": namespace, "name": name, "profile": guard.name, "serviceAccount": service_account}
    asked = ((allow.namespaces, namespace, False), (allow.paths, path, True), (allow.roles, role, False))
    return all(p is None or not value or _allowed(p, value, fills, path=is_path) for p, value, is_path in asked)


def _check_bypass(notes: Notes, profile: Profile, intent: Intent, *, own_vault_namespace: bool) -> None:
    """Raw fields are merged last, so they could undo what was checked."""
    hint = "remove it, or ask those who keep the profile"
    refused: list[tuple[str, tuple[str, ...]]] = []
    if own_vault_namespace:
        refused.append(("a Vault namespace of its own", ("vaultNamespace",)))
    refused += [(f'the raw field "vso.{name}"', ("vso", name)) for name in _VSO_BYPASS if name in intent.vso]
    for field, given in (("csi", intent.csi), ("eso", intent.eso), ("injector", intent.injector)):
        if given:
            refused.append((f'the raw fields "{field}"', (field,)))
    for what, keys in refused:
        notes.error(CODE, _refusal(what, profile, beside=profile.allow is None), "spec", *keys, hint=hint)


def _allowed(patterns: Iterable[str], value: str, fills: Mapping[str, str], *, path: bool) -> bool:
    if not value or OPAQUE in value:
        return False
    matches = path_matches if path else name_matches
    return any(OPAQUE not in p and not placeholders.names(p) and matches(p, value) for p in _filled(patterns, fills))


def _filled(patterns: Iterable[str], fills: Mapping[str, str]) -> list[str]:
    return [placeholders.fill(p, fills) for p in patterns]


def _allowed_text(patterns: tuple[str, ...], fills: Mapping[str, str]) -> str:
    return f"allowed: {', '.join(_filled(patterns, fills))}" if patterns else "nothing of this kind is allowed"


def _refusal(what: str, profile: Profile, *, beside: bool = False) -> str:
    by = "any profile of the catalogue" if beside else f'the profile "{profile.name}"'
    return f"{what} is not allowed by {by}"


def _keys_of(part: Part) -> tuple[PathKey, ...]:
    kind = "kv" if isinstance(part.source, KvSource) else "pki" if isinstance(part.source, PkiSource) else "dynamic"
    return ("spec", "sources", part.name, kind) if part.name else ("spec", kind)
