"""A login in which everything is right, and the Vault that it fits: each test changes one thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from keywave.findings import Finding
from keywave.objects.manifest import Manifest
from keywave.references.model import Certificate, Identity, Reference
from keywave.vault.inventory import Fact, Inventory, KvSecret, Mount, State

AUTH = Manifest(
    {
        "apiVersion": "secrets.hashicorp.com/v1beta1",
        "kind": "VaultAuth",
        "metadata": {"name": "app", "namespace": "shop"},
    }
)
SECRET = Manifest(
    {
        "apiVersion": "secrets.hashicorp.com/v1beta1",
        "kind": "VaultStaticSecret",
        "metadata": {"name": "db", "namespace": "shop"},
    }
)
SPOTS = {name: (AUTH, ("spec", name)) for name in ("role", "mount", "serviceAccount", "audience", "roleId")}
PAYMENTS = 'path "kv/data/dev/payments" { capabilities = ["read"] }'
DEFAULT = """
path "auth/token/renew-self" { capabilities = ["update"] }
path "sys/leases/renew" { capabilities = ["update"] }
"""
ROLE: Mapping[str, Any] = {
    "bound_service_account_names": ("payments",),
    "bound_service_account_namespaces": ("shop",),
    "token_policies": ("payments",),
    "token_ttl": 3600,
}


def identity(**changed: Any) -> Identity:
    right = Identity(True, "VaultAuth shop/app", "kubernetes", "kubernetes", "app", "", "shop", "payments", spots=SPOTS)
    return right._replace(**changed)


def kv(who: Identity, path: str = "dev/payments", **more: Any) -> Reference:
    return Reference(
        "kv", SECRET, who.vault, who, "", "kv", path, {"path": (SECRET, ("spec", "path"))}, engine=2, **more
    )


def dynamic(who: Identity, path: str = "creds/ro", **more: Any) -> Reference:
    spots = {"path": (SECRET, ("spec", "path"))}
    return Reference("dynamic", SECRET, who.vault, who, "", "database", path, spots, **more)


def pki(who: Identity, name: str = "payments.example.com") -> Reference:
    spots = {"path": (SECRET, ("spec", "role"))}
    return Reference(
        "pki", SECRET, who.vault, who, "", "pki", "web", spots, certificate=Certificate(name)
    )  # fmt: skip


def inventory(
    role: Mapping[str, Any] | None = None,
    policies: Mapping[str, str | Fact[str]] | None = None,
    *,
    auths: Mapping[str, str] | None = None,
    roles: Mapping[str, Mapping[str, Any]] | None = None,
    secrets: Sequence[str] = ("dev/payments", "dev/orders"),
    **more: Any,
) -> Inventory:
    """`role`: changes of auth/kubernetes/role/app (None takes a setting away); `roles`: further ones by path."""
    settings = {name: value for name, value in {**ROLE, **(role or {})}.items() if value is not None}
    all_roles = {"auth/kubernetes/role/app": settings, **(roles or {})}
    texts = {"payments": PAYMENTS, "default": DEFAULT, **(policies or {})}
    mounts = {"kv": Mount("kv", "kv", 2), "database": Mount("database", "database"), "pki": Mount("pki", "pki")}
    methods = {"kubernetes": "kubernetes", **(auths or {})}
    names = {
        ("", "sys/auth/"): Fact(State.PRESENT, tuple(methods)),
        ("", "sys/mounts/"): Fact(State.PRESENT, tuple(mounts)),
        ("", "sys/policies/acl/"): Fact(State.PRESENT, tuple(texts)),
    }
    for path in all_roles:
        folder, _, name = path.rpartition("/")
        before = names.get(("", folder + "/"), Fact(State.PRESENT, ())).value or ()
        names["", folder + "/"] = Fact(State.PRESENT, (*before, name))
    for path in methods:
        names.setdefault(("", f"auth/{path}/role/"), Fact(State.PRESENT, ()))
    return Inventory(
        version="1.21.1",
        mounts={("", path): Fact(State.PRESENT, mount) for path, mount in mounts.items()},
        auths={
            ("", path): Fact(State.PRESENT, Mount(path, kind, accessor=f"auth_{path}_1"))
            for path, kind in methods.items()
        },
        secrets={("", f"kv/{path}"): Fact(State.PRESENT, KvSecret(1)) for path in secrets},
        roles={("", path): Fact(State.PRESENT, role) for path, role in all_roles.items()},
        policies={("", n): p if isinstance(p, Fact) else Fact(State.PRESENT, p) for n, p in texts.items()},
        names=names,
        **more,
    )


Told = tuple[str, str, str, str]
"""(code, severity's first letter and the spot, message, hint)."""


def told(
    check: Callable[[Sequence[Reference], Inventory], Iterator[Finding]], found: Inventory, *references: Reference
) -> list[Told]:
    return [
        (
            f.code,
            f"{f.severity.value[0]} {f.subject.partition(' ')[0]} {'.'.join(map(str, f.where.keys))}",
            f.message,
            f.hint,
        )
        for f in check(references, found)
    ]


def codes(
    check: Callable[[Sequence[Reference], Inventory], Iterator[Finding]], found: Inventory, *references: Reference
) -> list[str]:
    return [finding.code for finding in check(references, found)]
