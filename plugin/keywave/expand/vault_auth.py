"""VaultAuth: one a login, with its VaultConnection; named so that two Applications of a namespace never share an object.

`emit: own`   a VaultAuth (and VaultConnection) per login, named after the ServiceAccount where that is the application's own,
              else after the intent: both names exist once in a namespace, and neither changes when a further intent comes.
`emit: all`   VaultConnection and VaultAuthGlobal `<profile>`, VaultAuth `<profile>-<ServiceAccount>` that holds the rest: shared by
              whoever renders with that profile.
`emit: refs`  none; secret objects point at the profile's, or at nothing, which is the operator's default. Where the profile names
              a VaultConnection or a VaultAuthGlobal instead of a VaultAuth, each login gets a VaultAuth that points there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from keywave.expand import metadata, service_accounts
from keywave.expand.auth_global import beside_global, global_spec
from keywave.expand.auth_methods import METHODS
from keywave.expand.connection import client_certificate, connection_spec
from keywave.expand.made import VSO, Made, build, kept, nothing
from keywave.expand.raw_fields import check_profile_version
from keywave.expand.service_accounts import Login
from keywave.expand.tree import Tree
from keywave.intent.guardrails import check_role
from keywave.intent.model import Auth, Intent, Profile
from keywave.intent.placeholders import fill, names
from keywave.objects.manifest import mapping


class Logins(NamedTuple):
    """`refs`: intent -> its `vaultAuthRef` ("" = the operator's default). `accounts`: intent -> ServiceAccount."""

    refs: dict[Intent, str]
    accounts: dict[Intent, str]
    made: Made


class _Group(NamedTuple):
    """Intents that log in the same way."""

    base: str
    account: str
    auth: Auth
    vault_namespace: str
    intents: list[Intent]


def log_in(intents: Sequence[Intent], tree: Tree) -> Logins:
    """Connections, logins and ServiceAccounts for these intents (sorted by the caller)."""
    result = Logins({}, {}, nothing())
    groups: dict[tuple[object, ...], _Group] = {}
    for intent in intents:
        if login_in_place(intent.profile):
            # The shared VaultAuth names the ServiceAccount; the profile says which, if it shall be made here.
            result.refs[intent] = intent.profile.auth_ref
            result.accounts[intent] = intent.service_account or intent.profile.auth.service_account
            continue
        login = _login(intent, tree)
        result.made.findings.extend(login.findings)
        result.accounts[intent] = login.account
        auth = filled(intent, login.account)
        result.made.findings.extend(check_role(intent.profile, auth.role, intent, service_account=login.account))
        base = _base_name(intent, login)
        key = (
            intent.namespace,
            login_namespace(intent),
            intent.profile.name,
            base,
            login.account,
            auth.role,
            auth.mount,
            *_shown(auth.settings),
        )
        groups.setdefault(key, _Group(base, login.account, auth, login_namespace(intent), [])).intents.append(intent)
    for name, group in _named(groups.values()):
        result.refs.update(dict.fromkeys(group.intents, name))
        result.made.add(_objects(name, group))
    result.made.manifests.extend(service_accounts.missing_accounts(intents, result.accounts, tree))
    return result


def _login(intent: Intent, tree: Tree) -> Login:
    auth = intent.profile.auth
    if METHODS[auth.method].needs_account(auth):
        return service_accounts.login_of(intent, tree)
    placeholders = [name for text in (auth.role, auth.mount, *_texts(auth.settings)) for name in names(text)]
    if "serviceAccount" in placeholders:
        return service_accounts.login_of(intent, tree)
    return Login("", False, [])


def filled(intent: Intent, account: str) -> Auth:
    """The profile's login with the placeholders of this intent filled in."""
    values = {**intent.fills, "serviceAccount": account}
    auth = intent.profile.auth
    settings = {name: fill(value, values) if isinstance(value, str) else value for name, value in auth.settings.items()}
    return auth._replace(role=fill(auth.role, values), mount=fill(auth.mount, values), settings=settings)


def _base_name(intent: Intent, login: Login) -> str:
    if intent.profile.emit == "all":
        return f"{intent.profile.name}-{login.account}" if login.account else intent.profile.name
    auth = intent.profile.auth
    by_name = any("name" in names(text) for text in (auth.role, auth.mount, *_texts(auth.settings)))
    return login.account if login.own and login.account != "default" and not by_name else intent.name


def _texts(settings: Mapping[str, Any]) -> list[str]:
    return [value for value in settings.values() if isinstance(value, str)]


def _shown(settings: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(value)) for name, value in settings.items()))


def _named(groups: Iterable[_Group]) -> list[tuple[str, _Group]]:
    """Each group with its name; where two logins of a namespace want one name, the profile's and the first intent's are added."""
    by_name: dict[tuple[str, str], list[_Group]] = {}
    for group in groups:
        by_name.setdefault((group.intents[0].namespace, group.base), []).append(group)
    result: list[tuple[str, _Group]] = []
    for (_, base), same in by_name.items():
        if len(same) == 1:
            result.append((base, same[0]))
            continue
        profiles = {group.intents[0].profile.name for group in same}
        for group in same:
            first = group.intents[0]
            suffix = first.profile.name if len(profiles) == len(same) else f"{first.profile.name}-{first.name}"
            result.append((f"{base}-{suffix}", group))
    return result


def _objects(name: str, group: _Group) -> Made:
    """VaultConnection (unless one is in place) and VaultAuth."""
    first, profile = group.intents[0], group.intents[0].profile
    labels, annotations = metadata.for_shared(group.intents)
    made = nothing()
    connection_ref = profile.connection_ref
    if not connection_ref and not profile.auth_global_ref:
        shared = profile.emit == "all"
        connection_ref = profile.name if shared else name
        connection = build(
            VSO,
            "VaultConnection",
            connection_ref,
            namespace=first.namespace,
            made_by=profile.manifest.subject if shared else first.subject,
            labels={} if shared else labels,
            annotations=client_certificate(profile) if shared else annotations | client_certificate(profile),
            spec=connection_spec(profile),
        )
        made.manifests.append(connection)
    spec = auth_spec(profile, group.auth, group.account, connection_ref, group.vault_namespace)
    if profile.emit == "all":
        shared_spec = global_spec(profile, connection_ref)
        spec = beside_global(spec, shared_spec, profile.name)
        made.manifests.append(
            build(
                VSO,
                "VaultAuthGlobal",
                profile.name,
                namespace=first.namespace,
                made_by=profile.manifest.subject,
                spec=shared_spec,
            )
        )
    auth = build(
        VSO,
        "VaultAuth",
        name,
        namespace=first.namespace,
        made_by=first.subject,
        labels=labels,
        annotations=annotations,
        spec=spec,
    )
    made.manifests.append(auth)
    for manifest in made.manifests:
        made.findings.extend(check_profile_version(profile, manifest.kind, manifest.spec))
    return made


def login_in_place(profile: Profile) -> bool:
    """True when the secret objects point at a VaultAuth that somebody else keeps."""
    return profile.emit == "refs" and (
        bool(profile.auth_ref) or not (profile.connection_ref or profile.auth_global_ref)
    )


def login_namespace(intent: Intent) -> str:
    """The Vault namespace of the login: the profile's, filled in."""
    return fill(intent.profile.vault_namespace, intent.fills)


def auth_spec(profile: Profile, auth: Auth, account: str, connection_ref: str, vault_namespace: str) -> dict[str, Any]:
    """`spec` of VaultAuth. The ServiceAccount and Secret it names are looked up in the namespace of the secret object that uses it.

    Beside a VaultAuthGlobal only what the profile says itself is written: the rest is the global's.
    """
    said = mapping(profile.manifest.spec.get("auth")) if profile.auth_global_ref else {"method": 1, "mount": 1}
    return kept(
        {
            "vaultConnectionRef": connection_ref,
            "vaultAuthGlobalRef": _global_ref(profile.auth_global_ref),
            "namespace": vault_namespace,
            "allowedNamespaces": list(auth.allowed_namespaces)
            if profile.emit == "all" or login_in_place(profile)
            else [],
            "method": auth.method if "method" in said else "",
            "mount": auth.mount if "mount" in said else "",
            "params": dict(auth.params),
            "headers": dict(auth.headers),
            auth.method: METHODS[auth.method].block(auth, account),
        }
    )


def _global_ref(reference: str) -> dict[str, str]:
    namespace, _, name = reference.rpartition("/")
    return kept({"name": name, "namespace": namespace})
