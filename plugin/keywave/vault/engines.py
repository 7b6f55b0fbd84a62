"""What keywave knows of secrets engines and auth methods: which role a path needs, and which fields of a role tell something.

Rule: of a role only the fields listed here are kept, none of which can hold a secret (no statements, passwords, templates); the rest never
reaches an inventory or a lock. An engine that is not listed is taken as most are made: `creds/<role>` of `roles/<role>`.
Source: Vault's HTTP API, versions up to 1.21; field names tried on a real one (tests/integration/test_vault_request_paths.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from keywave.vault.inventory import Mount, Settings

_UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_STEP = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|ms|s|m|h|d|w)")
_OPEN = re.compile(
    r"ca|ca/pem|ca_chain|cert/.+|crl|crl/(?:pem|delta|delta/pem)|issuer/[^/]+/(?:json|pem|der|crl(?:/.+)?)|ocsp(?:/.+)?"
)
_FOREVER = 1 << 63
"""Of Go's durations none is as long; infinity and what is no number are none either."""
_LONGEST = 100
"""Characters of a duration."""
_DURATION = re.compile(r"(?:^|_)(?:ttl|period|lease|window)$|^not_before_duration$")


class Engine(NamedTuple):
    """A type of mount. `roles`: first segment of a path that issues -> folder of its role (`creds` -> `roles`); "" = needs no role.

    `behind`: the role follows the folder and is followed by one of these segments (gcp: `roleset/x/key`)."""

    roles: Mapping[str, str]
    fields: frozenset[str] = frozenset()
    behind: frozenset[str] = frozenset()


def _fields(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEASES = _fields("default_ttl max_ttl ttl rotation_period rotation_schedule rotation_window credential_type")
_CREDS = {"creds": "roles"}
_STATIC = {**_CREDS, "static-creds": "static-roles"}

_PKI_FIELDS = _fields(
    """
    allow_any_name allow_bare_domains allow_glob_domains allow_ip_sans allow_localhost allow_subdomains allow_token_displayname
    allow_wildcard_certificates allowed_domains allowed_domains_template allowed_other_sans allowed_uri_sans allowed_uri_sans_template
    allowed_user_ids client_flag cn_validations enforce_hostnames generate_lease issuer_ref key_bits key_type max_ttl no_store not_after
    not_before_duration require_cn server_flag ttl use_csr_common_name use_csr_sans
    """
)

GENERIC = Engine(_STATIC, _LEASES)
"""Any engine that is not in ENGINES."""
ENGINES: Mapping[str, Engine] = {
    "database": Engine(_STATIC, _LEASES | {"db_name", "username"}),
    "aws": Engine(
        {**_STATIC, "sts": "roles"}, _LEASES | _fields("default_sts_ttl max_sts_ttl role_arns policy_arns username")
    ),
    "azure": Engine(_CREDS, _LEASES | {"sign_in_audience"}),
    "gcp": Engine(
        {"roleset": "roleset", "static-account": "static-account", "key": "roleset", "token": "roleset"},
        _fields("secret_type service_account_email service_account_project"),
        _fields("key token"),
    ),
    "kubernetes": Engine(
        _CREDS,
        _fields(
            "allowed_kubernetes_namespaces service_account_name kubernetes_role_name kubernetes_role_type"
            " token_default_ttl token_max_ttl token_default_audiences"
        ),
    ),
    "ldap": Engine({"creds": "role", "static-cred": "static-role"}, _LEASES | {"username", "dn"}),
    "openldap": Engine({"creds": "role", "static-cred": "static-role"}, _LEASES | {"username", "dn"}),
    "rabbitmq": Engine(_CREDS, _fields("tags")),
    "consul": Engine(_CREDS, _LEASES | _fields("consul_policies consul_roles local token_type")),
    "alicloud": Engine({"creds": "role"}, _LEASES | {"role_arn"}),
    "nomad": Engine({"creds": "role"}, _fields("policies global type")),
    "terraform": Engine({"creds": "role"}, _LEASES | _fields("organization team_id user_id")),
    "mongodbatlas": Engine(_CREDS, _LEASES | _fields("roles")),
    "ssh": Engine(
        {"creds": "roles", "sign": "roles", "issue": "roles"},
        _fields(
            "key_type ttl max_ttl allowed_users default_user allowed_domains allow_user_certificates allow_host_certificates"
        ),
    ),
    "pki": Engine({"issue": "roles", "sign": "roles"}, _PKI_FIELDS),
    "transit": Engine({}),
    "totp": Engine({}),
    "kv": Engine({}),
    "generic": Engine({}),
    "cubbyhole": Engine({}),
    "identity": Engine({}),
    "system": Engine({}),
}
"""By mount type."""
HIERARCHICAL = frozenset(("ldap", "openldap"))
"""Types whose roles may have slashes in their names."""

_TOKEN_FIELDS = _fields(
    """
    token_policies token_ttl token_max_ttl token_explicit_max_ttl token_period token_no_default_policy token_type token_num_uses
    token_bound_cidrs
    """
)
METHODS: Mapping[str, frozenset[str]] = {
    "kubernetes": _fields(
        """
        bound_service_account_names bound_service_account_namespaces bound_service_account_namespace_selector audience alias_name_source
        """
    ),
    "jwt": _fields(
        """
        role_type bound_audiences bound_subject bound_claims bound_claims_type user_claim user_claim_json_pointer groups_claim
        """
    ),
    "approle": _fields("bind_secret_id secret_id_bound_cidrs secret_id_num_uses secret_id_ttl local_secret_ids"),
    "aws": _fields(
        """
        auth_type bound_account_id bound_iam_principal_arn bound_iam_role_arn bound_region bound_vpc_id resolve_aws_unique_ids
        """
    ),
    "gcp": _fields("type bound_service_accounts bound_projects bound_regions bound_zones max_jwt_exp"),
}
"""Auth methods: their fields beside those of the token, by mount type. `oidc` is the type that `jwt` has as well."""
_ALIASES = {"oidc": "jwt"}
_SECONDS = frozenset(("max_jwt_exp",))
_ORDERED = frozenset(("bound_service_account_namespace_selector",))
_OLD_NAMES = {"policies": "token_policies", "ttl": "token_ttl", "max_ttl": "token_max_ttl", "period": "token_period"}


def engine_of(mount_type: str) -> Engine:
    """The engine of a mount type; the generic one for a plug-in that nobody knows."""
    return ENGINES.get(mount_type, GENERIC)


def role_of(mount: Mount, path: str) -> str | None:
    """API path of the role that a path below the mount needs: (database, "creds/ro") -> "database/roles/ro".

    None where the engine needs none, or the path is not of a form that tells. A PKI path may go through an issuer
    (`issuer/main/issue/web`).
    """
    segments = path.strip("/").split("/")
    engine = engine_of(mount.type)
    if mount.type == "pki" and len(segments) > 2 and segments[0] == "issuer":
        segments = segments[2:]
    folder = engine.roles.get(segments[0])
    if folder is None or len(segments) < 2:
        return None
    name = segments[1:]
    if engine.behind and segments[0] == folder and len(name) > 1 and name[-1] in engine.behind:
        name = name[:-1]
    return "/".join((mount.path, folder, *name)) if all(name) else None


def issuer_of(mount: Mount, path: str) -> str:
    """The issuer that a PKI path goes through; "" where the role decides (`default` is always there)."""
    segments = path.split("/")
    through = mount.type == "pki" and segments[0] == "issuer" and len(segments) > 2
    return segments[1] if through and segments[1] != "default" else ""


def open_to_all(mount: Mount, path: str) -> bool:
    """Paths that Vault answers without a token, so that no policy is needed: certificates of a CA and lists of what is revoked."""
    return mount.type == "pki" and _OPEN.fullmatch(path) is not None


def names_a_role(mount: Mount, path: str) -> bool:
    """Whether an API path is that of a role itself and nothing below it: a GET of `gcp/roleset/x/token` issues a token.

    Names have no slash, but for those of the ldap engine, which issues elsewhere (`creds/`)."""
    base = f"auth/{mount.path}/" if path.startswith("auth/") else f"{mount.path}/"
    _, slash, name = path.removeprefix(base).partition("/")
    nested = mount.type in HIERARCHICAL and not path.startswith("auth/")
    return path.startswith(base) and bool(slash and name) and (nested or "/" not in name)


def role_folders(mount: Mount) -> tuple[str, ...]:
    """Folders of all roles of a mount, as Vault lists them: `database/roles/`, `database/static-roles/`. Sorted.

    gcp lists `rolesets/` and `static-accounts/`, and names one as `roleset/x`.
    """
    folders = set(engine_of(mount.type).roles.values())
    plural = {"roleset": "rolesets", "static-account": "static-accounts"}
    return tuple(sorted(f"{mount.path}/{plural.get(folder, folder)}/" for folder in folders))


def keep(role_path: str, mount_type: str, data: Mapping[str, Any]) -> Settings:
    """Of a role's answer, the fields that are listed: durations as int seconds, lists as sorted tuples of text, `bound_claims` as
    `name=value` texts. Sorted by name. Fields that are null are left out.

    `role_path` tells an auth method (`auth/kubernetes/role/x`) from an engine of the same type.
    """
    if role_path.startswith("auth/"):
        fields = _TOKEN_FIELDS | METHODS.get(_ALIASES.get(mount_type, mount_type), frozenset())
        data = {**{new: data[old] for old, new in _OLD_NAMES.items() if old in data}, **data}
    else:
        fields = engine_of(mount_type).fields
    return {name: _plain(name, data[name]) for name in sorted(fields) if data.get(name) is not None}


def _plain(name: str, value: Any) -> Any:
    if name in _SECONDS or (_DURATION.search(name) and not name.startswith("allow")):
        return seconds(value)
    if isinstance(value, Mapping):
        return tuple(sorted(f"{key}={each}" for key, values in value.items() for each in _several(values)))
    if isinstance(value, (list, tuple)):
        return tuple(sorted(str(each) for each in value))
    if name in _LISTS and isinstance(value, str):
        return tuple(sorted(each.strip() for each in value.split(",") if each.strip()))
    return value if isinstance(value, (bool, int, str)) else str(value)


_LISTS = _fields(
    """
    token_policies policies allowed_domains allowed_users allowed_uri_sans allowed_other_sans allowed_user_ids bound_audiences
    bound_service_account_names bound_service_account_namespaces role_arns policy_arns allowed_kubernetes_namespaces
    """
)


_ALWAYS_LISTS = _LISTS | _fields("bound_claims cn_validations")
_NEVER_LISTS = _fields(
    """
    role_id role_type bound_subject bound_claims_type user_claim user_claim_json_pointer audience alias_name_source bind_secret_id
    bound_service_account_namespace_selector token_no_default_policy token_num_uses token_type not_after require_cn enforce_hostnames
    key_type issuer_ref db_name username allowed_domains_template allowed_uri_sans_template
    """
)


def fits(name: str, value: Any) -> bool:
    """Whether `keep` may have given this value of a field, as far as its type goes: what comes out of a file may have any."""
    if name in _SECONDS or (_DURATION.search(name) and not name.startswith("allow")):
        return type(value) is int
    if name in _NEVER_LISTS or name.startswith("allow_"):
        return not isinstance(value, tuple)
    return name not in _ALWAYS_LISTS or isinstance(value, tuple)


def _several(values: Any) -> Iterable[Any]:
    return values if isinstance(values, (list, tuple)) else (values,)


def seconds(value: Any) -> int:
    """Whole seconds of 3600, "3600", "1h", "1h30m", "2d"; "" and what is no duration give 0."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value) if abs(value) < _FOREVER else 0
    text = str(value).strip()
    if len(text) > _LONGEST:
        return 0
    if text.isascii() and text.isdigit():
        return int(text)
    steps = _STEP.findall(text)
    return int(sum(float(n) * _UNITS[u] for n, u in steps)) if "".join(n + u for n, u in steps) == text else 0
