"""Names as file names, and as labels of Terraform."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FILE = re.compile(r"[^A-Za-z0-9._-]")
_LABEL = re.compile(r"[^A-Za-z0-9_-]")


def file_name(name: str) -> str:
    """One segment of a path, without slash: what is not a letter, a digit, `.`, `_` or `-` as `%XX` of its UTF-8 bytes. Injective."""
    shown = _FILE.sub(lambda one: "".join(f"%{byte:02X}" for byte in one[0].encode()), name)
    return shown.replace(".", "%2E", 1) if shown.startswith(".") else shown or "%"


def folder_name(path: str) -> str:
    """A mount or a Vault namespace as folders: its slashes stay."""
    return "/".join(file_name(segment) for segment in path.split("/") if segment) or "%"


def labels(names: Iterable[str]) -> list[str]:
    """Terraform identifiers for names, unique among themselves: `shop/app` -> `shop_app`, the next such `shop_app_2`."""
    taken: set[str] = set()
    result: list[str] = []
    for name in names:
        base = _LABEL.sub("_", name)
        base = base if re.match(r"[A-Za-z_]", base) else f"_{base}"
        label, number = base, 1
        while label in taken:
            number += 1
            label = f"{base}_{number}"
        taken.add(label)
        result.append(label)
    return result
