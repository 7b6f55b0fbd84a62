"""What the token of a login would carry: its policies, and what is known of the identity behind it. Pure.

Rules of Vault: names of policies are in lower case; a name without a policy is ignored without a word; `default` is added unless
`token_no_default_policy`; policies of the entity and its groups are added at each request. A login makes its entity when there is none.
An alias is named by the ServiceAccount's uid, or `<namespace>/<name>` with `alias_name_source=serviceaccount_name` (kubernetes), by the
claim `user_claim` (jwt), by the RoleID (approle).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from keywave.references.model import Identity
from keywave.vault.acl.policy import Policy, PolicyError, parse_policy
from keywave.vault.inventory import Entity, Fact, Inventory, Settings, State
from keywave.verify.login_claims import claim, claims_of
from keywave.verify.login_role import judged_as, role_name, role_of


class Rights(NamedTuple):
    """`policies`: those that could be read. `absent`, `broken` (name, error), `unknown`: names of the others. `own`: the names that the
    role itself has. `complete`: entity and groups are known too, so nothing can be added. `known`: values for templates."""

    role: str
    own: tuple[str, ...]
    policies: tuple[Policy, ...]
    absent: tuple[str, ...]
    broken: tuple[tuple[str, PolicyError], ...]
    unknown: tuple[str, ...]
    complete: bool
    known: Mapping[str, str | None]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(policy.name for policy in self.policies)


def rights_of(identity: Identity, inventory: Inventory) -> Rights | None:
    """None when the role is not known (`logins` says why)."""
    if inventory.auth(identity.vault_namespace, identity.mount).value is None:
        return None
    role = role_of(identity, inventory).value
    if role is None:
        return None
    own, names = _own(role), dict.fromkeys(policy_names(role))
    entity = _entity(identity, role, inventory)
    if entity.value is not None:
        names.update(dict.fromkeys((*entity.value.policies, *entity.value.group_policies)))
    policies, absent, broken, unknown = [], [], [], []
    for name in names:
        fact = Fact(State.PRESENT, "") if name == "root" else inventory.policy(identity.vault_namespace, name)
        if fact.value is not None:
            read = read_policy(name, fact.value, _duplicates(inventory.version))
            if isinstance(read, PolicyError):
                broken.append((name, read))
            else:
                policies.append(read)
        elif fact.absent:
            absent.append(name)
        else:
            unknown.append(name)
    complete = entity.absent or (entity.value is not None and entity.value.complete)
    return Rights(
        role_name(identity, inventory),
        own,
        tuple(policies),
        tuple(absent),
        tuple(broken),
        tuple(unknown),
        complete,
        known_of(identity, role, inventory, entity.value),
    )


@lru_cache(maxsize=1024)
def read_policy(name: str, text: str, duplicates: bool = False) -> Policy | PolicyError:
    """The policy, or why it cannot be read; kept, since many logins share one."""
    try:
        return parse_policy(name, text, duplicates=duplicates)
    except PolicyError as error:
        return error


def _duplicates(version: str) -> bool:
    """Before 1.21 Vault took an attribute that is set twice."""
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    return major.isdigit() and minor.isdigit() and (int(major), int(minor)) < (1, 21)


def policy_names(role: Settings) -> tuple[str, ...]:
    """The policies of the tokens that a role gives, without those of an entity: in lower case, `default` at the end."""
    default = () if role.get("token_no_default_policy") is True else ("default",)
    return tuple(dict.fromkeys((*_own(role), *default)))


def _own(role: Settings) -> tuple[str, ...]:
    found: list[str] = []
    for field in ("token_policies", "policies"):
        value = role.get(field)
        found += [value] if isinstance(value, str) else list(value or ())
    return tuple(dict.fromkeys(name.lower() for name in found if name))


def alias_of(identity: Identity, role: Settings, method: str) -> str:
    """The name under which Vault's identity store knows the login; "" when the tree does not tell."""
    if method == "approle":
        return identity.role_id
    if not identity.service_account or not identity.namespace:
        return ""
    if method == "kubernetes":
        by_name = role.get("alias_name_source") == "serviceaccount_name"
        return f"{identity.namespace}/{identity.service_account}" if by_name else ""
    if method == "jwt":
        user, claims = str(role.get("user_claim") or ""), claims_of(identity)
        value = claim(claims, user) if role.get("user_claim_json_pointer") is True else claims.get(user)
        return value if isinstance(value, str) else ""
    return ""


def _entity(identity: Identity, role: Settings, inventory: Inventory) -> Fact[Entity]:
    alias = alias_of(identity, role, judged_as(identity, inventory))
    place = (identity.vault_namespace, f"{identity.mount}/{alias}")
    return inventory.entities.get(place, Fact(State.UNCOVERED)) if alias else Fact(State.UNCOVERED)


def known_of(
    identity: Identity, role: Settings, inventory: Inventory, entity: Entity | None = None
) -> Mapping[str, str | None]:
    """Values of `{{...}}` in policies, by selector."""
    known: dict[str, str | None] = {}
    mount = inventory.auth(identity.vault_namespace, identity.mount).value
    method = judged_as(identity, inventory)
    if mount is not None and mount.accessor:
        before = f"identity.entity.aliases.{mount.accessor}."
        if alias := alias_of(identity, role, method):
            known[before + "name"] = alias
        if method == "kubernetes" and identity.service_account:
            known[before + "metadata.service_account_name"] = identity.service_account
            if identity.namespace:
                known[before + "metadata.service_account_namespace"] = identity.namespace
        if method == "jwt" and identity.role:
            known[before + "metadata.role"] = identity.role
    if entity is not None:
        known |= {"identity.entity.id": entity.id, "identity.entity.name": entity.name}
        known |= {f"identity.entity.metadata.{name}": value for name, value in entity.metadata.items()}
    return known
