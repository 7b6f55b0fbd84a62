"""Reads the input: a kustomization, a folder of YAML, one file or a stream; and says later where a value came from.

Rule: the only package that starts processes (`process`, the one door) and that reads the user's files. It gives manifests and
findings, and never changes a file of the user. The parts are loaded when asked for: a stream on stdin needs no process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keywave.build.options import BuildOptions, Overrides

if TYPE_CHECKING:
    from keywave.build.blaming import blame
    from keywave.build.source import Built, Reading, begin, read

__all__ = ["BuildOptions", "Built", "Overrides", "Reading", "begin", "blame", "read"]


def __getattr__(name: str) -> object:
    if name == "blame":
        from keywave.build.blaming import blame

        return blame
    if name in __all__:
        from keywave.build import source

        return getattr(source, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
