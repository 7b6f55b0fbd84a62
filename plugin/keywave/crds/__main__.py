"""`python -m keywave.crds FOLDER`: writes every definition as a file of its own. For contributors; a test compares the committed files."""

from __future__ import annotations

import sys
from pathlib import Path

from keywave.crds.definitions import files


def main(arguments: list[str]) -> int:
    """0 when all files are written, 2 without exactly one folder, 1 when the disk refuses."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m keywave.crds FOLDER\n")
        return 2
    folder = Path(arguments[0])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files().items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        sys.stderr.write(f"keywave.crds: cannot write to {folder}: {error.strerror or error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
