"""Reads through kustomize: closure, start, output.

Rule: a plain `kustomize build PATH` unless names change or overrides are given: a wrapper and name references cost time. What the
closure refuses stops the build before kustomize starts. Errors are told in words of the user's tree, without any file's content.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Collection

from keywave.build import closure, process, tool
from keywave.build.options import BuildOptions, Overrides
from keywave.build.source import Built, Reading
from keywave.build.tree import Place, Tree, read_bytes, tree_of
from keywave.errors import ToolError
from keywave.findings import Finding
from keywave.objects import yamlio
from keywave.objects.later import later

_KIND = later(rb"""\bkind["']?\s*:\s*["']?([A-Za-z]+)""")


class KustomizeReading(Reading):
    """Reading through kustomize: closure and start at once, the output in `finish`."""

    def __init__(self, path: str, options: BuildOptions) -> None:
        super().__init__(path, options)
        self._began = time.monotonic()
        self._tree = tree_of(path, options.root)
        self._closure = closure.walk(self._tree, options)
        self._findings = list(self._closure.findings)
        self._running: process.Running | None = None
        self._workspace = ""
        self._command: tuple[str, ...] = ()
        self._key = ""
        self._kept: bytes | None = None
        if not self._findings:
            try:
                self._start()
            except BaseException:
                self._stack.close()
                raise

    def finish(self) -> Built:
        literals = tuple(f"{place.file}:{place.line}" for place in self._closure.literals)
        if self._findings:
            return self._built((), self._findings)._replace(kustomize=True, literals=literals)
        read = yamlio.read_stream(self._output(), self.path, built=True)
        return self._built(read.manifests, read.findings)._replace(
            kustomize=True, command=self._command, literals=literals, seconds=time.monotonic() - self._began
        )

    def _start(self) -> None:
        options = self.options
        found = tool.find(options.tool)
        self._command = found.build(_argument(self.path), helm=options.allow_helm)
        if options.cache and self._closure.complete:
            self._look_up(found, options.cache)
            if self._kept is not None:
                return
        self._stack.enter_context(process.terminable())
        rename = renamed_kinds(self._closure, options.overrides)
        if options.overrides or rename is None or rename:
            from keywave.build import outer  # only where something is to be changed

            self._workspace = self._stack.enter_context(outer.workspace())
            self._command = found.build(self._workspace, helm=options.allow_helm)
            self._findings += outer.write(
                self._workspace, self._closure.kustomizations[0], options.overrides, rename=rename
            )
        if not self._findings:
            self._running = start(self._command, options, timeout=options.timeout)
            self._stack.callback(self._running.stop)

    def _look_up(self, found: tool.Tool, folder: str) -> None:
        from keywave.build import cache

        files = [*self._closure.files, *(k.file for k in self._closure.kustomizations)]
        # Relative names only: the same tree in another checkout gives the same output.
        named = [(os.path.relpath(path, self._tree.real), path) for path in files]
        parts = [*found.argv, found.version, repr(self.options.overrides), str(self.options.allow_helm)]
        with contextlib.suppress(OSError):
            self._key = cache.key(parts, named)
            self._kept = cache.load(folder, self._key)

    def _output(self) -> bytes:
        if self._kept is not None:
            return self._kept
        assert self._running is not None
        stdout = finished(self._running, self._tree, self._workspace)
        if self._workspace:
            from keywave.build import outer

            stdout = outer.unwrapped(stdout, self._workspace, self._closure.kustomizations[0])
        if self._key and self.options.cache:
            from keywave.build import cache

            cache.store(self.options.cache, self._key, stdout, limit=self.options.cache_limit)
        return stdout


def renamed_kinds(found: closure.Closure, overrides: Overrides) -> Collection[str] | None:
    """For `outer.write`: the kinds that the tree speaks of where names change on the way; None when they cannot be known."""
    if not (found.renames or overrides.name_prefix or overrides.name_suffix):
        return ()
    if not found.complete:
        return None
    from keywave.build import references

    kinds = {"Secret"}  # a secretGenerator makes them
    for path in found.files:
        try:
            kinds.update(kind.decode() for kind in _KIND.findall(read_bytes(path)))
        except OSError:
            return None
    return kinds if references.configuration(kinds)["nameReference"] else ()


def start(command: tuple[str, ...], options: BuildOptions, *, timeout: float) -> process.Running:
    """Start kustomize in the current folder, with the network only where the options allow it."""
    env = process.environment(remote=options.allow_remote or options.allow_helm)
    return process.start(command, cwd=os.getcwd(), timeout=timeout, env=env)


def finished(running: process.Running, tree: Tree, workspace: str) -> bytes:
    """What kustomize printed. Raises ToolError: failed, out of time, too much, or not text."""
    done = running.finish(check=False)
    if done.code:
        said = without_contents(done.stderr).replace(workspace or tree.real, tree.given)
        reason = reason_of(said)
        how = f"failed with exit code {done.code}" if done.code > 0 else f"was ended by signal {-done.code}"
        raise ToolError(
            f"kustomize build {tree.given} {how}" + (f": {reason}" if reason else ""),
            argv=running.argv,
            code=done.code,
            stderr=said,
            hint="kustomize itself could not build this tree; keywave has not looked at it yet"
            if done.code > 0
            else "it crashed, or something stopped it: often a container's memory limit",
            out_of_reach=False,
        )
    try:
        done.stdout.decode("utf-8")
    except UnicodeDecodeError:
        raise ToolError(
            f"kustomize build {tree.given} printed something that is not UTF-8",
            argv=running.argv,
            code=done.code,
            hint="look at what this command prints by itself",
            out_of_reach=False,
        ) from None
    return done.stdout


def overridden(plain: Built) -> Built:
    """Plain input with overrides: every document becomes a resource of a generated kustomization."""
    from keywave.build import outer

    plain = plain._replace(documents=plain.manifests)
    with process.terminable(), outer.workspace() as workspace:
        _, command, findings, stdout = build_documents(plain, workspace, timeout=plain.options.timeout)
    if findings:
        return plain._replace(manifests=(), findings=tuple(findings))
    read = yamlio.read_stream(stdout, plain.root, built=True)
    return plain._replace(manifests=read.manifests, findings=read.findings, kustomize=True, command=command)


def build_documents(
    plain: Built, workspace: str, *, timeout: float, annotate: bool = False
) -> tuple[Tree, tuple[str, ...], list[Finding], bytes]:
    """Build plain documents through the outer kustomization: (tree, command, findings about the overrides, stdout)."""
    from keywave.build import outer
    from keywave.objects.splice import text_of

    given = "." if plain.root == "-" else plain.root
    tree = tree_of(given if os.path.isdir(given) else os.path.dirname(given) or ".", plain.options.root)
    overrides = plain.options.overrides
    findings = closure.check_overrides(tree, plain.options, Place(plain.root))
    command = tool.find(plain.options.tool).build(workspace)
    if not findings:
        texts = [text_of(manifest) for manifest in plain.documents]
        findings = outer.write_documents(workspace, tree.real, texts, overrides, annotate=annotate)
    if findings:
        return tree, command, findings, b""
    return tree, command, [], finished(start(command, plain.options, timeout=timeout), tree, workspace)


def _argument(path: str) -> str:
    """A path that kustomize cannot take for an option or a URL."""
    return path if os.path.isabs(path) else os.path.join(".", path)


_NESTED = later(r".*recursed accumulation of path '[^']*': ", re.DOTALL)


def reason_of(stderr: str) -> str:
    """kustomize's own reason in one line: the innermost of its nested messages."""
    _, found, text = stderr.rpartition("Error: ")
    text = _NESTED.sub("", text if found else stderr)
    line = " ".join(text.split())
    return line[:397] + "..." if len(line) > 400 else line


_CONTENTS = (
    (
        later(r"(PatchStrategicMergeTransformer) with config.*", re.DOTALL),
        r"\1: an entry is neither a file nor a patch",
    ),
    (later(r"node contents:.*", re.DOTALL), "node contents left out"),
    (later(r"with config: `.*?(`|\Z)", re.DOTALL), "with config left out"),
    (later(r"(patch(?:es)?|JSON patch) from \[.*?(\](?=[\s,:]|\Z)|\Z)", re.DOTALL), r"\1 left out"),
    (later(r"\[patch: \".*", re.DOTALL), "patch left out"),
    (later(r"literal sources \[.*", re.DOTALL), "a literal is not of the form key=value; literals left out"),
    (later(r"invalid literal source .*", re.DOTALL), "a literal is not of the form key=value"),
    (later(r"invalid utf8 bytes :.*", re.DOTALL), "invalid utf8 bytes"),
    (later(r"(is out of bounds for) value .*", re.DOTALL), r"\1 the value"),
    (later(r"(empty item at .*?) in object .*", re.DOTALL), r"\1"),
    (
        later(r"(must specify one of patch and path in|patch and path can't be set at the same time)\n.*", re.DOTALL),
        r"\1",
    ),
    (later(r"(must specify a target for (?:JSON )?patch).*", re.DOTALL), r"\1"),
    (later(r"cannot unmarshal (!!\w+) `.*?` into"), r"cannot unmarshal \1 into"),
)


def without_contents(stderr: str) -> str:
    """kustomize quotes patches, literals and nodes in its errors; they may hold a Secret's value, so they are left out.

    The texts are those of kustomize api v0.21 (`kv`, `PatchTransformer`, `replacement`, `resource`) and of its YAML and JSON packages.
    """
    for pattern, instead in _CONTENTS:
        stderr = pattern.sub(instead, stderr)
    return stderr
