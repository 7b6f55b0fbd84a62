"""YAML files of foreign projects as values. libyaml's loader: Argo CD's CRDs take the pure Python one ten seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_documents(path: Path) -> list[dict[str, Any]]:
    """The documents of a file that are not empty."""
    return [document for document in yaml.load_all(path.read_text(), Loader=LOADER) if document]
