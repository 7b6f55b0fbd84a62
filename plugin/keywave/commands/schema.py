"""`keywave schema`: the JSON Schemas of the intent API (and of locks, with --write), to stdout or into a folder for editors."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from keywave.errors import OutputError, UsageError
from keywave.findings import did_you_mean
from keywave.intent.wire import COMBINED, SCHEMAS, files


def run(*, write: str | None = None, kind: str | None = None) -> int:
    """Print one schema (the combined one unless `kind` is given), or write all of them into the folder `write`.

    Raises UsageError for an unknown kind or both options, OutputError when a file could not be written.
    """
    if write is not None and kind is not None:
        raise UsageError("--write writes all schemas; leave --kind out")
    if kind is not None and kind not in SCHEMAS:
        raise UsageError(
            f'there is no kind "{kind}"', hint=did_you_mean(kind, SCHEMAS) or f"kinds: {', '.join(SCHEMAS)}"
        )
    if write is None:
        sys.stdout.write(files()[f"{kind.lower() if kind else COMBINED}.json"])
        return 0
    from keywave.lockfile import schema as lock_schema

    texts = {**files(), **lock_schema.files()}
    write_files(Path(write), texts)
    sys.stderr.write(f"keywave: wrote {len(texts)} schemas to {write}\n")
    return 0


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Write each file beside its place first and move them only when all are written; other files stay as they are.

    Raises OutputError; nothing has been replaced then, unless the disk failed between two renames.
    """
    waiting: list[tuple[Path, Path]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            draft = folder / f".{name}.{os.getpid()}"
            waiting.append((draft, folder / name))
            draft.write_text(text, encoding="utf-8", newline="\n")
        for draft, place in waiting:
            draft.replace(place)
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror or error}") from error
    finally:
        for draft, _ in waiting:
            draft.unlink(missing_ok=True)
