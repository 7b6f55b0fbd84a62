"""What a path and a mount may look like, and how the parts become one path.

Source of the rules: Vault's HTTP API takes paths without a leading slash, refuses `..`, and has `data/` of KV version 2 between
mount and path; Vault Secrets Operator puts it there itself.
"""

from __future__ import annotations

from keywave.findings import PathKey
from keywave.intent.notes import Notes
from keywave.objects.later import later

_FORBIDDEN = later(r"[\x00-\x1f\x7f?#%\\{}*+]")
_API_WORDS = ("data", "metadata")


def check_path(notes: Notes, path: str, what: str, *keys: PathKey) -> bool:
    """Say what is wrong with a path or mount (`what` names it); True when it can be used."""
    plain = path.replace("${", "").replace("}", "") if "${" in path else path
    right = "/".join(s for s in path.split("/") if s not in ("", ".", ".."))
    if path.startswith("/") or path.endswith("/"):
        notes.error(
            "KW1025",
            f'{what} "{path}" must not start or end with a slash',
            *keys,
            hint=f"write {right}" if right else "",
        )
    elif ".." in path.split("/") or "." in path.split("/"):
        notes.error("KW1025", f'{what} "{path}" has "." or ".." in it', *keys, hint="write the path as Vault shows it")
    elif "//" in path:
        notes.error("KW1025", f'{what} "{path}" has an empty part', *keys, hint=f"write {right}")
    elif path != path.strip() or (bad := _FORBIDDEN.search(plain)):
        sign = f"{bad[0]!r} in it" if path == path.strip() and bad else "a space at its start or end"
        hint = (
            "placeholders are for profiles" if sign[1] in "{}" else "Vault Secrets Operator cannot ask for such a path"
        )
        notes.error("KW1025", f'{what} "{path}" has {sign}', *keys, hint=hint)
    else:
        return True
    return False


def check_kv_path(notes: Notes, path: str, mount: str, *keys: PathKey) -> bool:
    """As `check_path`, and that neither the mount nor the API's `data/` of KV version 2 stands in the path."""
    if not check_path(notes, path, "the path", *keys):
        return False
    parts = path.split("/")
    below = parts[mount.count("/") + 1 :] if mount and path.startswith(f"{mount}/") else parts
    if below[0] in _API_WORDS and len(below) > 1:
        message = f'"{path}" is the path of the HTTP API; {below[0]}/ is put in where it is needed'
        notes.error("KW1024", message, *keys, hint=f"write {'/'.join(below[1:])}")
        return False
    return True


def check_dynamic_path(notes: Notes, path: str, mount: str, *keys: PathKey) -> bool:
    """As `check_path`, and that the mount does not stand in the path once more."""
    if not check_path(notes, path, "the path", *keys):
        return False
    if mount and path.startswith((f"{mount}/creds/", f"{mount}/static-creds/")):
        right = path[len(mount) + 1 :]
        notes.error("KW1025", f'"{path}" has the mount in it; it is added', *keys, hint=f"write {right}")
        return False
    return True


def join(prefix: str, path: str) -> str:
    """`dev/` or `dev` before `payments/config`."""
    prefix = prefix.strip("/")
    return f"{prefix}/{path}" if prefix else path
