"""Write tools/go/<name>/go.mod for one upstream program (a maintainer's tool, run when a version is bumped).

A program's go.mod is honoured by Go only when that program is the main module: `replace` lines and the exact versions that the
authors tested are lost when it is merely required. So the lines are repeated here. A `replace` that points into the upstream's own
repository (`=> ./staging/src/...`) cannot work from the published module; Kubernetes publishes the same folders as modules of their own,
and those are named with `--staging PREFIX=VERSION`.

    python tools/pin_module.py kubernetes k8s.io/kubernetes@v1.36.3 \
        --package k8s.io/kubernetes/cmd/kube-apiserver --staging k8s.io/=v0.36.3
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

GO_FOLDER = Path(__file__).resolve().parent / "go"


def go_json(*argv: str, cwd: Path | None = None) -> dict[str, Any]:
    """Run `go` and parse the JSON object it prints."""
    done = subprocess.run(["go", *argv], cwd=cwd, check=True, capture_output=True)
    parsed: dict[str, Any] = json.loads(done.stdout)
    return parsed


def replace_line(entry: dict[str, Any], staging: dict[str, str]) -> str | None:
    """One `replace` line, or None where the target only exists inside the upstream's repository."""
    old, new = entry["Old"], entry["New"]
    source = f"{old['Path']} {old['Version']}" if old.get("Version") else old["Path"]
    if new.get("Version"):
        return f"\t{source} => {new['Path']} {new['Version']}"
    for prefix, version in staging.items():
        if old["Path"].startswith(prefix):
            return f"\t{source} => {old['Path']} {version}"
    return None


def write_module(name: str, module: str, version: str, packages: list[str], staging: dict[str, str]) -> Path:
    """Write tools/go/<name>/go.mod and an empty go.sum beside it; returns the folder."""
    upstream = go_json("mod", "download", "-json", f"{module}@{version}", cwd=Path("/"))
    described = go_json("mod", "edit", "-json", upstream["GoMod"])
    folder = GO_FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    staged = {e["Old"]["Path"] for e in described.get("Replace") or () if not e["New"].get("Version")}
    requires = [f"\t{module} {version}"]
    for entry in described.get("Require") or ():
        path, wanted = entry["Path"], entry["Version"]
        if path in staged:
            # Without --staging the published version that the upstream names is the best there is.
            wanted = next((v for prefix, v in staging.items() if path.startswith(prefix)), wanted)
        requires.append(f"\t{path} {wanted}" + (" // indirect" if entry.get("Indirect") else ""))
    replaces = [line for e in described.get("Replace") or () if (line := replace_line(e, staging))]
    lines = [
        f"// Written by tools/pin_module.py from {module}@{version}. Do not edit by hand.",
        f"module keywave.invalid/tools/{name}",
        "",
        f"go {described['Go']}",
        "",
        *(f"godebug {g['Key']}={g['Value']}" for g in described.get("Godebug") or ()),
        "",
        "tool (",
        *(f"\t{package}" for package in packages),
        ")",
        "",
        "require (",
        *requires,
        ")",
        "",
    ]
    if replaces:
        lines += ["replace (", *replaces, ")", ""]
    (folder / "go.mod").write_text("\n".join(lines))
    upstream_sum = Path(upstream["Dir"]) / "go.sum"
    if upstream_sum.exists():
        (folder / "go.sum").write_text(upstream_sum.read_text())
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("module", help="MODULE@VERSION")
    parser.add_argument("--package", action="append", required=True)
    parser.add_argument("--staging", action="append", default=[], metavar="PREFIX=VERSION")
    args = parser.parse_args()
    module, _, version = args.module.partition("@")
    staging = dict(item.split("=", 1) for item in args.staging)
    folder = write_module(args.name, module, version, args.package, staging)
    print(f"wrote {folder}/go.mod; now run: go -C {folder} build -mod=mod -o /dev/null {' '.join(args.package)}")


if __name__ == "__main__":
    main()
