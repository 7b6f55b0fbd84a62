"""Would Vault let this ServiceAccount log in with this role? Pure: a role's settings and an identity, no view.

Rules of Vault 1.21 (tests/integration/test_vault_bindings.py asks the real one):
- kubernetes: names and namespaces are globs in which only `*` is special and may stand anywhere; a namespace is let in by the list or by
  the selector of its labels, which only the cluster can evaluate.
- kubernetes, audience: with `audience` on the role the token must be for it; without, any token will do, whatever it is for. A login that
  names no audience gets a token for the API server itself.
- jwt: one of `bound_audiences` must be in the token, and a token with an audience is refused by a role without any; `bound_subject` is
  compared as a whole; `bound_claims` must all match, as globs with `bound_claims_type=glob`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from keywave.findings import did_you_mean
from keywave.references.model import Identity
from keywave.vault.inventory import Settings
from keywave.verify.globs import glob
from keywave.verify.login_claims import claim_slips
from keywave.verify.wording import space

JWT = "role_type=jwt"
"""In each `vault write` of a JWT role: without it Vault takes the role for one of browsers, and refuses or changes it."""
EVERYBODY = frozenset(("*", "**"))


class Slip(NamedTuple):
    """What is wrong with a login: the spot is a key of Identity.spots."""

    code: str
    spot: str
    message: str
    hint: str = ""
    warning: bool = False


def texts(role: Settings, field: str) -> tuple[str, ...]:
    """A list of a role; () where it is not set or not known."""
    value = role.get(field)
    return tuple(str(entry) for entry in value) if isinstance(value, (tuple, list)) else (str(value),) if value else ()


def kubernetes(identity: Identity, role: Settings) -> Iterator[Slip]:
    """Slips of a login of the kubernetes method. What the identity or the role does not say is not judged."""
    yield from _account(identity, role)
    yield from _namespace(identity, role)
    yield from _audience(identity, role)
    yield from _everybody(identity, role)


def _account(identity: Identity, role: Settings) -> Iterator[Slip]:
    names, name = texts(role, "bound_service_account_names"), identity.service_account
    if not names or not name or any(glob(each, name) for each in names):
        return
    message = f'{_role(identity)} lets in the ServiceAccounts {_list(names)}, not "{name}" of {identity.label}'
    yield Slip("KW8404", "serviceAccount", message, _mend(identity, "bound_service_account_names", names, name))


def _namespace(identity: Identity, role: Settings) -> Iterator[Slip]:
    names, name = texts(role, "bound_service_account_namespaces"), identity.namespace
    selector = role.get("bound_service_account_namespace_selector")
    if not name or any(glob(each, name) for each in names) or not (names or selector):
        return
    if selector:
        message = f'{_role(identity)} lets in namespaces by their labels: whether "{name}" has them, only the cluster can tell'
        hint = f"compare with: kubectl get namespace {name} --show-labels; the role asks for {_one_line(str(selector))}"
        yield Slip("KW8405", "serviceAccount", message, hint, warning=True)
        return
    message = f'{_role(identity)} lets in the namespaces {_list(names)}, not "{name}" of {identity.label}'
    yield Slip("KW8405", "serviceAccount", message, _mend(identity, "bound_service_account_namespaces", names, name))


def _audience(identity: Identity, role: Settings) -> Iterator[Slip]:
    if not identity.service_account:
        return
    wanted, sent = str(role.get("audience") or ""), identity.audiences
    if wanted and sent and wanted not in sent:
        message = f'{_role(identity)} asks for the audience "{wanted}"; the login sends {_list(sent)}'
        yield Slip("KW8406", "audience", message, _say(identity, wanted))
    elif wanted and not sent and not servers_own(wanted):
        message = f'{_role(identity)} asks for the audience "{wanted}"; the login names none, so its token is for the API server only'
        yield Slip("KW8406", "audience", message, _say(identity, wanted))


def _say(identity: Identity, audience: str) -> str:
    """How the object that logs in names an audience."""
    holder = identity.spots["login"][0].kind if "login" in identity.spots else ""
    if holder == "SecretProviderClass":
        return f"write in its parameters: audience: {audience}"
    if identity.label.startswith("the Vault agent"):
        return (
            f"give the pod a projected token for {audience} (volumes: projected: serviceAccountToken), and name that volume in "
            "vault.hashicorp.com/agent-service-account-token-volume-name"
        )
    return f"write at the login: audiences: [{audience}]"


def servers_own(audience: str) -> bool:
    """Looks like the API server's own audience, which is its issuer unless --api-audiences says otherwise. Which one it is, the tree does
    not hold, so every URL may be it."""
    return audience.startswith("https://")


def _everybody(identity: Identity, role: Settings) -> Iterator[Slip]:
    names = texts(role, "bound_service_account_names")
    namespaces = texts(role, "bound_service_account_namespaces")
    wide = []
    if EVERYBODY.intersection(names):
        wide.append("every ServiceAccount (bound_service_account_names=*)")
    elif "default" in names:
        wide.append('"default", the account of every pod that names none')
    if EVERYBODY.intersection(namespaces):
        wide.append("every namespace (bound_service_account_namespaces=*)")
    if wide:
        account, fields = identity.service_account, []
        if EVERYBODY.intersection(names) or "default" in names:
            others = [name for name in names if name != "default" and name not in EVERYBODY]
            own = "NAME" if account in ("", "default") else account
            fields.append(f"bound_service_account_names={','.join(dict.fromkeys((*others, own)))}")
        if EVERYBODY.intersection(namespaces):
            fields.append(f"bound_service_account_namespaces={identity.namespace or 'NAMESPACE'}")
        first = (
            "give the pods a ServiceAccount of their own, then: "
            if account == "default" and "=NAME" in fields[0]
            else ""
        )
        hint = f"{first}{_write(identity)} {' '.join(fields)}"
        yield Slip("KW8409", "role", f"{_role(identity)} lets in {' and '.join(wide)}", hint, warning=True)


def jwt(identity: Identity, role: Settings) -> Iterator[Slip]:
    """Slips of a login by JWT. Only the token of a ServiceAccount is known; of a JWT from a Secret, only the role is judged."""
    if role.get("role_type") == "oidc":
        message = f"{_role(identity)} is for people in a browser (role_type=oidc, Vault's default): it takes no JWT"
        yield Slip("KW8402", "role", message, f"{_write(identity)} {JWT}")
        return
    audiences, subject = texts(role, "bound_audiences"), str(role.get("bound_subject") or "")
    if not subject and not role.get("bound_claims"):
        message = f"{_role(identity)} has no bound_subject and no bound_claims: every token of the issuer with its audience may log in"
        hint = f"{_write(identity)} {JWT} bound_subject={_subject(identity)}"
        yield Slip("KW8409", "role", message, hint, warning=True)
    if not identity.service_account:
        return
    sent = identity.audiences
    if not audiences:
        message = f"{_role(identity)} has no bound_audiences, and Vault refuses a ServiceAccount's token then: it always has an audience"
        yield Slip(
            "KW8406",
            "role",
            message,
            f"{_write(identity)} {JWT} bound_audiences={(sent or ('vault',))[0]}",
        )
    elif sent and not set(sent).intersection(audiences):
        message = f"{_role(identity)} asks for one of the audiences {_list(audiences)}; the login sends {_list(sent)}"
        yield Slip("KW8406", "audience", message, _say(identity, audiences[0]))
    elif not sent and not any(servers_own(each) for each in audiences):
        message = (
            f"{_role(identity)} asks for one of the audiences {_list(audiences)}; the login names none, so its token is for "
            "the API server only"
        )
        yield Slip("KW8406", "audience", message, _say(identity, audiences[0]))
    if subject and identity.namespace and subject != _subject(identity):
        message = f'{_role(identity)} lets in the subject "{subject}"; this login is "{_subject(identity)}"'
        yield Slip(
            "KW8407",
            "serviceAccount",
            message,
            f"{_write(identity)} {JWT} bound_subject={_subject(identity)}",
        )
    for message, hint, warning in claim_slips(identity, role):
        yield Slip("KW8407", "serviceAccount", f"{_role(identity)} {message}", hint, warning)


def approle(identity: Identity, role: Settings) -> Iterator[Slip]:
    """An AppRole without a SecretID: who knows the RoleID, which stands in Git, is in. Vault wants some CIDR then; one that ends with /0
    keeps nobody out."""
    cidrs = (*texts(role, "token_bound_cidrs"), *texts(role, "secret_id_bound_cidrs"))
    if role.get("bind_secret_id") is False and all(cidr.endswith("/0") for cidr in cidrs):
        message = f"the AppRole of {identity.label} asks for no SecretID (bind_secret_id=false): whoever reads the RoleID in Git may log in"
        yield Slip("KW8409", "roleId", message, "set bind_secret_id=true, or narrower token_bound_cidrs", warning=True)


def _role(identity: Identity) -> str:
    return f'role "{identity.role}" of auth/{identity.mount}'


def _write(identity: Identity) -> str:
    return f"vault write{space(identity.vault_namespace)} {identity.role_path}"


def _subject(identity: Identity) -> str:
    return f"system:serviceaccount:{identity.namespace or 'NAMESPACE'}:{identity.service_account or 'NAME'}"


def _mend(identity: Identity, field: str, names: tuple[str, ...], name: str) -> str:
    near = did_you_mean(name, names)
    command = f"{_write(identity)} {field}={','.join((*names, name))}"
    return f"{near} or bind it: {command}" if near else command


def _list(names: tuple[str, ...], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]
