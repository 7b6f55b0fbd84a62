"""`make demo`: render every example for Argo CD and for Flux, and say in a few lines what that did and where to look."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from toolchain.catalogue import TOOLS
from toolchain.golang import ToolError
from toolchain.places import find, this_machine
from toolchain.provide import provide

from example_vault import arguments, lock_folder, proofs
from examples import Render, renders

REPOSITORY = Path(__file__).resolve().parents[1]
OUT = REPOSITORY / "build" / "demo"
TARGETS = ("argocd", "flux")
KEYWAVE = REPOSITORY / ".venv" / "bin" / "keywave"


def kustomize() -> tuple[str, str]:
    """(path, what it is): a kustomize that is here, else kubectl's, else one that is built now. Raises ToolError."""
    machine = this_machine()
    tool = TOOLS["kustomize"]
    if found := find(tool, machine):
        return str(found.paths["kustomize"]), "kustomize"
    kubectl = shutil.which("kubectl")
    if kubectl and kubectl_kustomize(kubectl) >= (5, 0):
        return kubectl, "the kustomize inside kubectl"
    built, seconds = provide(tool, machine)
    return str(built.paths["kustomize"]), f"kustomize, built in {seconds:.0f} s"


def kubectl_kustomize(kubectl: str) -> tuple[int, int]:
    try:
        done = subprocess.run([kubectl, "version", "--client"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return 0, 0
    seen = re.search(r"Kustomize Version: v(\d+)\.(\d+)", done.stdout)
    return (int(seen[1]), int(seen[2])) if seen else (0, 0)


def run(render: Render, target: str, out: Path, kustomize_path: str) -> str:
    """Render once; returns what went wrong, "" for nothing."""
    out.parent.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "KEYWAVE_KUSTOMIZE": kustomize_path, **render.env}
    stdin = (render.folder / render.stdin).read_bytes() if render.stdin else b""
    argv = [str(KEYWAVE), *render.arguments(target), "--out", str(out)]
    done = subprocess.run(argv, cwd=render.folder, env=env, input=stdin, capture_output=True)
    return done.stderr.decode(errors="replace") if done.returncode else ""


def verify(render: Render, kustomize_path: str) -> str:
    """Prove a render against its committed lock, without any Vault; returns what went wrong, "" for nothing."""
    env = {**os.environ, "KEYWAVE_KUSTOMIZE": kustomize_path, **render.env}
    stdin = (render.folder / render.stdin).read_bytes() if render.stdin else b""
    argv = [str(KEYWAVE), "verify", *arguments(render), "--lock", str(lock_folder(render))]
    done = subprocess.run(argv, cwd=render.folder, env=env, input=stdin, capture_output=True)
    return (done.stdout + done.stderr).decode(errors="replace") if done.returncode or done.stdout else ""


def objects_in(folder: Path) -> int:
    files = (path for path in folder.rglob("*.yaml") if path.name != "kustomization.yaml")
    return sum(len(re.findall(r"^kind: ", path.read_text(), re.MULTILINE)) for path in files)


def put_beside_keywave(kustomize_path: str) -> None:
    """Where neither kustomize nor kubectl is on PATH, `.venv/bin/keywave` shall find the one that was built."""
    if shutil.which("kustomize") or shutil.which("kubectl"):
        return
    link = KEYWAVE.parent / "kustomize"
    link.unlink(missing_ok=True)
    link.symlink_to(kustomize_path)


def main() -> int:
    started = time.monotonic()
    try:
        path, called = kustomize()
    except ToolError as problem:
        print(f"no kustomize: {problem}", file=sys.stderr)
        return 1
    put_beside_keywave(path)
    shutil.rmtree(OUT, ignore_errors=True)
    jobs = [
        (render, target, OUT / render.example / target / render.name)
        for render in renders()
        for target in TARGETS
        if target in render.targets
    ]
    examples = {render.example for render, _, _ in jobs}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = list(pool.map(lambda job: run(job[0], job[1], job[2], path), jobs))
        proved = list(proofs())
        doubts = [text for text in pool.map(lambda render: verify(render, path), proved) if text]
    counts, failed = dict.fromkeys(TARGETS, 0), 0
    for (render, target, out), problem_text in zip(jobs, problems, strict=True):
        if problem_text:
            failed += 1
            print(f"{render.title} for {target}: {problem_text}", file=sys.stderr)
        else:
            counts[target] += objects_in(out)
    for doubt in doubts:
        print(doubt, file=sys.stderr)
    where, seconds = OUT.relative_to(REPOSITORY), time.monotonic() - started
    print(f"Rendered {len(examples)} examples with {called} in {seconds:.0f} s.")
    print(f"  for Argo CD: {counts['argocd']:4} objects, in sync waves             {where}/<example>/argocd/")
    print(f"  for Flux:    {counts['flux']:4} objects, in layers with dependsOn  {where}/<example>/flux/")
    print(
        f"  proved against the locks beside them, with no Vault running: {len(proved) - len(doubts)} of {len(proved)} trees"
    )
    print(
        f"Look first at overlays-examples/01-quickstart/intent.yaml and at what it became in {where}/01-quickstart/argocd/."
    )
    print("Then try: .venv/bin/keywave graph overlays-examples/01-quickstart, or change an intent and render it again:")
    print("          .venv/bin/keywave render overlays-examples/01-quickstart --target argocd")
    return 1 if failed or doubts else 0


if __name__ == "__main__":
    raise SystemExit(main())
