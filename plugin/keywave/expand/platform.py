"""The platform kit: what a platform team installs once, so that applications may render with `emit: refs`.

For each profile: VaultConnection and VaultAuthGlobal in the operator's namespace, with `emit: refs` the shared VaultAuth, the shared
SecretTransformations, the operator's NetworkPolicy, and, for the namespaces of the intents at hand, the operator's Role and RoleBinding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keywave.expand import rbac
from keywave.expand.auth_global import global_spec
from keywave.expand.connection import client_certificate, connection_spec
from keywave.expand.made import VSO, build
from keywave.expand.network import operator_policy
from keywave.expand.run import Expanded, settle
from keywave.expand.transformations import transformation_spec
from keywave.expand.tree import read_tree
from keywave.expand.vault_auth import auth_spec, log_in, login_in_place
from keywave.findings import Finding
from keywave.intent.model import Intent, Profile
from keywave.intent.placeholders import names
from keywave.objects.manifest import Manifest

if TYPE_CHECKING:
    from keywave.intent.load import Loaded


def platform_kit(loaded: Loaded) -> Expanded:
    """The shared objects of all profiles of the tree and the catalogue, without the user's own objects."""
    tree = read_tree(loaded.rest)
    intents = sorted(loaded.intents, key=lambda intent: (intent.namespace, intent.name))
    made: list[Manifest] = []
    homeless: list[Finding] = []
    for profile in sorted(loaded.profiles, key=lambda profile: profile.name):
        if profile.address:
            made.extend(_shared(profile))
        else:
            homeless.append(_without_address(profile))
    made.extend(_roles(intents, tree))
    manifests, findings = settle(made, read_tree(()), intents)
    findings += homeless
    return Expanded(tuple(manifests), tuple(sorted(findings, key=lambda finding: finding.sort_key)))


def _without_address(profile: Profile) -> Finding:
    """Such a profile serves applications (`emit: refs`), but nothing can be installed from it."""
    said = f"the platform kit has no connection for the profile {profile.name}, which does not say where Vault is"
    return profile.manifest.warning("KW1062", said, "spec", hint="give address, or render the kit from another profile")


def _roles(intents: Sequence[Intent], tree: Any) -> list[Manifest]:
    return rbac.operator_roles(intents, tree, log_in(intents, tree))


def _shared(profile: Profile) -> list[Manifest]:
    connection_namespace, connection = _split(profile.connection_ref or profile.name, profile)
    made = [
        build(
            VSO,
            "VaultConnection",
            connection,
            namespace=connection_namespace,
            made_by=profile.manifest.subject,
            annotations=client_certificate(profile),
            spec=connection_spec(profile),
        )
    ]
    namespace, name = _split(profile.auth_global_ref or profile.name, profile)
    made.append(
        build(
            VSO,
            "VaultAuthGlobal",
            name,
            namespace=namespace,
            made_by=profile.manifest.subject,
            spec=global_spec(profile, f"{connection_namespace}/{connection}"),
        )
    )
    made.extend(_shared_login(profile, f"{connection_namespace}/{connection}"))
    for shared in profile.transformations:
        made.append(
            build(
                VSO,
                "SecretTransformation",
                shared.name,
                namespace=profile.operator.namespace,
                made_by=profile.manifest.subject,
                spec=transformation_spec(shared),
            )
        )
    policy = operator_policy(profile)
    return [*made, policy] if policy is not None else made


def _shared_login(profile: Profile, connection_ref: str) -> list[Manifest]:
    """With `emit: refs` all applications use one VaultAuth; the kit makes it, if the profile says how it logs in."""
    auth = profile.auth
    open_texts = [text for text in (auth.role, auth.mount, profile.vault_namespace) if names(text)]
    if not login_in_place(profile) or open_texts or not (auth.role or auth.settings):
        return []
    namespace, name = _split(profile.auth_ref or "default", profile)
    spec = auth_spec(profile, auth, auth.service_account, connection_ref, profile.vault_namespace)
    return [build(VSO, "VaultAuth", name, namespace=namespace, made_by=profile.manifest.subject, spec=spec)]


def _split(reference: str, profile: Profile) -> tuple[str, str]:
    namespace, _, name = reference.rpartition("/")
    return namespace or profile.operator.namespace, name
