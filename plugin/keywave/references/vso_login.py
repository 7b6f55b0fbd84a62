"""How an object of Vault Secrets Operator logs in: VaultAuth, with VaultAuthGlobal merged in, and its VaultConnection.

Rules of the operator (read in its source, 1.4.1): a reference is `name`, in the object's own namespace, or `namespace/name`; "" is
`default` in the operator's namespace. Of each field the VaultAuth's value holds, then the global's block of the method, then the global's
default. ServiceAccounts and Secrets are looked up in the namespace of the object that wants a secret. That object's `namespace` is the
Vault namespace it reads from, else the login's, else the connection's header X-Vault-Namespace.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from keywave.findings import PathKey
from keywave.intent.model import Intent, Profile
from keywave.objects.ids import VSO_GROUP
from keywave.objects.manifest import Manifest, mapping
from keywave.references.model import Connection, Identity, Spot
from keywave.references.setting import Setting, flag, text, texts

_NAMESPACE_HEADER = "x-vault-namespace"
_ACCOUNT_FIELDS = {
    "kubernetes": "serviceAccount",
    "jwt": "serviceAccount",
    "gcp": "workloadIdentityServiceAccount",
    "aws": "irsaServiceAccount",
}
_SPOTS = {"role": "role", "audience": "audiences", "roleId": "roleId"}


class Login(NamedTuple):
    """`vault_namespace` is the one that is read from where the secret object names none."""

    vault: Connection
    identity: Identity
    vault_namespace: str


def login_of(consumer: Manifest, setting: Setting) -> Login:
    """The login of a secret object, through its `vaultAuthRef`."""
    reference = text(consumer.spec.get("vaultAuthRef"))
    auth = _referred(reference, "VaultAuth", consumer, setting)
    profile = setting.profile_of(consumer)
    if auth is None:
        label = f"VaultAuth {_shown(reference, consumer)}" if reference else _no_reference(consumer, setting)
        vault = of_profile(profile) if profile is not None else Connection()
        namespace = profile.vault_namespace if profile is not None and "{" not in profile.vault_namespace else ""
        return Login(vault, Identity(False, label, vault=vault), namespace)
    shared, whole = _global_of(auth, setting)
    method = text(auth.spec.get("method")) or text(shared.spec.get("defaultAuthMethod") if shared else "")
    common = mapping(shared.spec.get(method)) if shared else {}
    own = mapping(auth.spec.get(method))
    block = {**_said(common), **_said(own)}
    vault, header = _connection(auth, shared, setting)
    mount = _first(auth, ("mount",), shared, method, "mount", "defaultMount")
    namespace = _first(auth, ("namespace",), shared, method, "namespace", "defaultVaultNamespace") or header
    intent = setting.intent_of(consumer)
    identity = Identity(
        known=bool(whole and method and mount),
        label=auth.subject,
        method=method,
        mount=mount.strip("/").removeprefix("auth/"),
        role=text(block.get("role")),
        vault_namespace=namespace,
        namespace=setting.namespace_of(consumer),
        service_account=text(block.get(_ACCOUNT_FIELDS.get(method, ""))),
        audiences=texts(block.get("audiences")),
        role_id=text(block.get("roleId")),
        vault=vault,
        spots=_login_spots(auth, shared, method, setting, intent),
    )
    return Login(vault, identity, namespace)


def of_profile(profile: Profile) -> Connection:
    """Which Vault a profile means."""
    return Connection(
        profile.address, profile.name, profile.ca_cert_secret, profile.tls_server_name, profile.skip_tls_verify
    )


def _no_reference(consumer: Manifest, setting: Setting) -> str:
    """An object without `vaultAuthRef` takes the default of the operator's namespace, never the `default` of its own."""
    own = setting.find(VSO_GROUP, "VaultAuth", consumer.namespace, "default")
    beside = f" ({own.subject} is not used without vaultAuthRef)" if own is not None else ""
    return f"the operator's default VaultAuth{beside}"


def _shown(reference: str, consumer: Manifest) -> str:
    return reference if "/" in reference or not consumer.namespace else f"{consumer.namespace}/{reference}"


def _referred(reference: str, kind: str, owner: Manifest, setting: Setting) -> Manifest | None:
    if reference:
        namespace, _, name = reference.rpartition("/")
        return setting.find(VSO_GROUP, kind, namespace or owner.namespace, name)
    return _default(kind, setting)


def _default(kind: str, setting: Setting) -> Manifest | None:
    defaults = [
        m for m in setting.of(VSO_GROUP, kind) if m.name == "default" and setting.namespace_of(m) in setting.operators
    ]
    return defaults[0] if len(defaults) == 1 else None


def _global_of(auth: Manifest, setting: Setting) -> tuple[Manifest | None, bool]:
    """The VaultAuthGlobal, and whether everything that is referred to is in the tree."""
    reference = auth.spec.get("vaultAuthGlobalRef")
    if not isinstance(reference, dict):
        return None, True
    name, namespace = text(reference.get("name")), text(reference.get("namespace"))
    if name:
        found = setting.find(VSO_GROUP, "VaultAuthGlobal", namespace or auth.namespace, name)
    else:
        found = setting.find(VSO_GROUP, "VaultAuthGlobal", namespace or auth.namespace, "default")
        found = found or _default("VaultAuthGlobal", setting)
    return found, found is not None


def _said(block: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in block.items() if value not in (None, "", [])}


def _first(
    auth: Manifest, own: tuple[str, ...], shared: Manifest | None, method: str, in_block: str, default: str
) -> str:
    if shared is None:
        return text(auth.spec.get(own[0]))
    block = mapping(shared.spec.get(method))
    return text(auth.spec.get(own[0])) or text(block.get(in_block)) or text(shared.spec.get(default))


def _connection(auth: Manifest, shared: Manifest | None, setting: Setting) -> tuple[Connection, str]:
    """The connection and the Vault namespace of its headers."""
    reference, owner = text(auth.spec.get("vaultConnectionRef")), auth
    if not reference and shared is not None:
        # The name in a global is looked up from the VaultAuth's namespace, unless it names one.
        reference = text(shared.spec.get("vaultConnectionRef"))
    connection = _referred(reference, "VaultConnection", owner, setting)
    profile = setting.profile_of(auth)
    if connection is None:
        return (of_profile(profile) if profile is not None else Connection()), ""
    spec = connection.spec
    maker = setting.profile_of(connection)
    address = text(spec.get("address"))
    headers = {str(name).lower(): text(value) for name, value in mapping(spec.get("headers")).items()}
    vault = Connection(
        address=address,
        profile=maker.name if maker is not None else setting.profile_at(address),
        ca_cert_secret=text(spec.get("caCertSecretRef")),
        tls_server_name=text(spec.get("tlsServerName")),
        skip_tls_verify=flag(spec.get("skipTLSVerify")),
    )
    return vault, headers.get(_NAMESPACE_HEADER, "")


def _login_spots(
    auth: Manifest, shared: Manifest | None, method: str, setting: Setting, intent: Intent | None
) -> dict[str, Spot]:
    """Where the login's fields are written: in the profile and the intent for a made VaultAuth, else in VaultAuth or VaultAuthGlobal."""
    profile = setting.profile_of(auth)
    if profile is not None:
        return _profile_spots(profile, intent if intent is not None else setting.intent_of(auth))
    spots: dict[str, Spot] = {"login": (auth, ("spec",))}
    for spot, field in (*_SPOTS.items(), ("serviceAccount", _ACCOUNT_FIELDS.get(method, ""))):
        for holder in (auth, shared):
            if holder is not None and field and field in mapping(holder.spec.get(method)):
                spots[spot] = (holder, ("spec", method, field))
                break
    places: list[tuple[str, Manifest | None, tuple[PathKey, ...]]] = [
        ("mount", auth, ("spec", "mount")),
        ("mount", shared, ("spec", method, "mount")),
        ("mount", shared, ("spec", "defaultMount")),
        ("method", auth, ("spec", "method")),
        ("method", shared, ("spec", "defaultAuthMethod")),
    ]
    for spot, holder, keys in places:
        if holder is not None and spot not in spots and _is_written(holder, keys):
            spots[spot] = (holder, keys)
    return spots


def _is_written(manifest: Manifest, keys: tuple[PathKey, ...]) -> bool:
    value: Any = manifest.body
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True


def _profile_spots(profile: Profile, intent: Intent | None) -> dict[str, Spot]:
    spots: dict[str, Spot] = {
        "login": (profile.manifest, ("spec", "auth")),
        **{
            spot: (profile.manifest, ("spec", "auth", field))
            for spot, field in (
                ("role", "role"),
                ("mount", "mount"),
                ("method", "method"),
                ("audience", "audiences"),
                ("roleId", "roleId"),
            )
        },
    }
    account: Spot = (profile.manifest, ("spec", "auth", "serviceAccount"))
    if intent is not None and (intent.service_account or not profile.auth.service_account):
        account = (intent.manifest, ("spec", "serviceAccount"))
    return {**spots, "serviceAccount": account}
