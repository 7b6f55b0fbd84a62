"""A lock for the small application of `keywave_process`, without any Vault: everything is there."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from keywave.lockfile.write import write_lock
from keywave.vault.inventory import Fact, Inventory, KeyNames, KvSecret, Mount, State
from keywave_process import APP, INTENT, PROFILE

T = TypeVar("T")
ADDRESS = "https://vault.example.com:8200"


def there(value: T) -> Fact[T]:
    return Fact(State.PRESENT, value)


POLICY = 'path "kv/data/shop/app" {\n  capabilities = ["read"]\n}\n'
DEFAULT = 'path "auth/token/renew-self" {\n  capabilities = ["update"]\n}\npath "sys/leases/renew" {\n  capabilities = ["update"]\n}\n'
INVENTORY = Inventory(
    address=ADDRESS,
    version="1.21.1",
    mounts={("", "kv"): there(Mount("kv", "kv", 2))},
    auths={("", "kubernetes"): there(Mount("kubernetes", "kubernetes"))},
    secrets={("", "kv/shop/app"): there(KvSecret(1, {1: "live"}, {1: KeyNames(("a", "b"))}, True))},
    roles={
        ("", "auth/kubernetes/role/app"): there(
            {
                "bound_service_account_names": ("app",),
                "bound_service_account_namespaces": ("shop",),
                "audience": "vault",
                "token_policies": ("app",),
                "token_ttl": 3600,
            }
        )
    },
    policies={("", "app"): there(POLICY), ("", "default"): there(DEFAULT)},
    names={
        ("", "sys/mounts/"): there(("kv",)),
        ("", "sys/auth/"): there(("kubernetes",)),
        ("", "sys/policies/acl/"): there(("app", "default")),
        ("", "kv/"): there(("shop/",)),
        ("", "kv/shop/"): there(("app",)),
        ("", "auth/kubernetes/role/"): there(("app",)),
    },
)


def lock_text(inventory: Inventory = INVENTORY, *, taken: str = "2026-01-01T00:00:00Z") -> str:
    return write_lock(inventory, taken=taken)


def locked_tree(folder: Path, *, intent: str = INTENT, lock: str | None = None) -> Path:
    """`folder/tree` with the application and its lock beside it, in `folder/vault.lock.d`; returns the tree."""
    tree = folder / "tree"
    tree.mkdir(exist_ok=True)
    for name, text in (("profile", PROFILE), ("intent", intent), ("app", APP)):
        (tree / f"{name}.yaml").write_text(text)
    (folder / "vault.lock.d").mkdir(exist_ok=True)
    (folder / "vault.lock.d" / "vault.json").write_text(lock_text() if lock is None else lock)
    return tree
