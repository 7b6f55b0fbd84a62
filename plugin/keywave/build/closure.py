"""Everything that a kustomization reads: found before kustomize runs, so that nothing is fetched that was not allowed.

Rule: all problems at once, each with file and line of the entry that names the path. What kustomize checks by itself (fields, kinds,
merging) is left to it. Allowed: `../base` inside the repository. Refused: remote bases and charts unless allowed, paths and symlinks
that leave the tree, special files, circles.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from keywave.build import kustomization as kust
from keywave.build.kustomization import Entry, Kustomization
from keywave.build.options import BuildOptions
from keywave.build.tree import Place, Tree, read_bytes, unreadable, within
from keywave.findings import Finding
from keywave.objects import yamlio
from keywave.objects.manifest import mapping, sequence

MAX_KUSTOMIZATIONS = 5_000
MAX_FILES = 100_000


class Closure:
    """What was found. `kustomizations[0]` is the top one; `files` are real paths of all other files, each once.

    `renames`: some layer changes names, so references need care. `complete`: nothing else can influence the result, so that it
    may be cached. `literals`: places of secretGenerator literals, for those who check that no value is in Git.
    """

    def __init__(self) -> None:
        self.kustomizations: list[Kustomization] = []
        self.files: dict[str, None] = {}
        self.findings: list[Finding] = []
        self.literals: list[Place] = []
        self.renames = False
        self.complete = True


def walk(tree: Tree, options: BuildOptions) -> Closure:
    """The closure of the kustomization in the tree's folder, and of the components that the overrides add."""
    closure = Closure()
    _Walk(tree, options, closure).folder(tree.real, Place(tree.given))
    return closure


def check_overrides(tree: Tree, options: BuildOptions, place: Place) -> list[Finding]:
    """What is wrong with the paths in the overrides, for input without a kustomization (else `walk` says it)."""
    closure = Closure()
    top = Kustomization(tree.real, "", place.file, "", {})
    walk = _Walk(tree, options, closure)
    walk.stack.append(tree.real)
    for entry in walk.wanted(top):
        walk.entry(top, entry)
    return closure.findings


class _Walk:
    def __init__(self, tree: Tree, options: BuildOptions, closure: Closure) -> None:
        self.tree = tree
        self.options = options
        self.closure = closure
        self.seen: set[str] = set()
        self.stack: list[str] = []

    def folder(self, folder: str, place: Place) -> None:
        """Take in one kustomization. `folder` is a real path, `place` the entry that names it."""
        if any(folder == above for above in self.stack):
            names = [self.tree.show(f) for f in [*self.stack[self.stack.index(folder) :], folder]]
            self.report(
                place.finding(
                    "KW0208", f"kustomizations in a circle: {' -> '.join(names)}", "take one of these entries out"
                )
            )
            return
        if folder in self.seen:
            return
        self.seen.add(folder)
        if len(self.seen) > MAX_KUSTOMIZATIONS:
            if len(self.seen) == MAX_KUSTOMIZATIONS + 1:
                self.report(
                    place.finding("KW0207", f"more than {MAX_KUSTOMIZATIONS} kustomizations", "render a smaller tree")
                )
            return
        found = self.load(folder, place)
        if found is None:
            return
        self.closure.kustomizations.append(found)
        self.stack.append(folder)
        self.note(found)
        for entry in self.wanted(found):
            self.entry(found, entry)
        self.stack.pop()

    def load(self, folder: str, place: Place) -> Kustomization | None:
        """Read the kustomization file of a folder, or report why not."""
        names = kust.file_names(folder)
        shown = self.tree.show(folder)
        if not names:
            self.report(
                place.finding("KW0204", f"{shown} holds no kustomization.yaml", "name the files in it, or add one")
            )
            return None
        if len(names) > 1:
            self.report(place.finding("KW0203", f"{shown} holds {' and '.join(names)}", "keep one of them"))
            return None
        path = os.path.realpath(os.path.join(folder, names[0]))
        shown = self.tree.show(os.path.join(folder, names[0]))
        if not self.tree.holds(path, folder):
            self.report(_outside(Place(shown), shown))
            return None
        return self.parse(folder, path, shown)

    def parse(self, folder: str, path: str, shown: str) -> Kustomization | None:
        if problem := unreadable(path, shown, Place(shown)):
            self.report(problem)
            return None
        try:
            text = read_bytes(path, kust.MAX_BYTES).decode("utf-8-sig")
            body = yamlio.parse(text)
        except OSError as error:
            self.report(Place(shown).finding("KW0206", f"{shown} cannot be read: {error.strerror}"))
        except UnicodeDecodeError:
            self.report(Place(shown).finding("KW0203", f"{shown} is not UTF-8", "save it as UTF-8"))
        except yamlio.YamlError as error:
            self.report(Place(shown, error.line).finding("KW0203", f"{shown} is not valid YAML: {error.message}"))
        else:
            if isinstance(body, dict):
                return Kustomization(folder, path, shown, text, body)
            self.report(Place(shown, 1).finding("KW0203", f"{shown} is not a kustomization: it holds no mapping"))
        return None

    def note(self, found: Kustomization) -> None:
        """What this layer means for names, for the cache and for values in Git."""
        body = found.body
        self.closure.renames |= bool(body.get("namePrefix") or body.get("nameSuffix") or body.get("secretGenerator"))
        self.closure.renames |= any(body.get(name) for name in kust.PLUGINS)
        self.closure.complete &= not any(body.get(name) for name in (*kust.PLUGINS, *kust.HELM))
        for index, generator in enumerate(sequence(body.get("secretGenerator"))):
            if mapping(generator).get("literals"):
                self.closure.literals.append(found.place(("secretGenerator", index, "literals")))
        if not self.options.allow_helm:
            for name in kust.HELM:
                for index, chart in enumerate(sequence(body.get(name))):
                    label = mapping(chart).get("name") or mapping(chart).get("chartName") or ""
                    self.report(
                        found.place((name, index)).finding(
                            "KW0202",
                            f"Helm chart {label} refused: charts run templates and may be fetched".replace("  ", " "),
                            "allow it with --allow-helm, or render it before: helm template ... | keywave render -",
                        )
                    )

    def wanted(self, found: Kustomization) -> Iterator[Entry]:
        """The entries to follow: those of the file and, at the top, the components and patches of the overrides."""
        yield from kust.entries(found.body)
        if len(self.stack) == 1:
            for path in self.options.overrides.components:
                if self.options.overrides.ignore_missing_components and not os.path.isdir(
                    os.path.join(found.folder, path)
                ):
                    continue
                yield Entry(path, (), "folder")
            for patch in self.options.overrides.patches:
                file = patch.get("path")
                if isinstance(file, str) and file:
                    yield Entry(file, (), "file")

    def entry(self, found: Kustomization, entry: Entry) -> None:
        """Check and follow one path."""
        if kust.is_fetched(found.folder, entry):
            self.remote(found, entry)
            return
        shown = self.tree.show(os.path.join(found.folder, entry.path))
        if os.path.isabs(entry.path):
            self.report(_outside(_place(found, entry), entry.path, "write it relative to the kustomization"))
            return
        named = os.path.normpath(os.path.join(found.folder, entry.path))
        real = os.path.realpath(named)
        if not (real == named and self.tree.boundary == "") and not self.tree.holds(real, found.folder):
            self.report(_outside(_place(found, entry), shown))
        elif not os.path.lexists(real):
            self.report(_place(found, entry).finding("KW0204", f"{shown} is not there", _hint_near(real)))
        elif os.path.isdir(real) and entry.role != "file":
            self.folder(real, _place(found, entry) if self.place_matters(real) else Place(found.shown))
        elif real not in self.closure.files:
            self.file(found, entry, real, shown)

    def place_matters(self, folder: str) -> bool:
        """Finding the line parses the file again: only where a finding is near."""
        return folder in self.stack or len(kust.file_names(folder)) != 1 or len(self.seen) >= MAX_KUSTOMIZATIONS

    def file(self, found: Kustomization, entry: Entry, real: str, shown: str) -> None:
        if not within(real, found.folder):
            hint = f"from outside of {self.tree.show(found.folder)} kustomize reads only folders that hold a kustomization.yaml"
            self.report(_outside(_place(found, entry), shown, hint))
            return
        if problem := unreadable(real, shown, Place("")):
            place = _place(found, entry)
            self.report(place.finding(problem.code, problem.message, problem.hint))
            return
        self.closure.files[real] = None
        if len(self.closure.files) == MAX_FILES + 1:
            self.report(_place(found, entry).finding("KW0207", f"more than {MAX_FILES} files", "render a smaller tree"))

    def remote(self, found: Kustomization, entry: Entry) -> None:
        self.closure.complete = False
        self.closure.renames = True
        if not self.options.allow_remote:
            self.report(
                _place(found, entry).finding(
                    "KW0201",
                    f"remote entry refused: {without_credentials(entry.path)}",
                    "allow it with --allow-remote, or keep a copy in the repository (git subtree, vendir)",
                )
            )

    def report(self, finding: Finding) -> None:
        self.closure.findings.append(finding)


def without_credentials(url: str) -> str:
    """A URL as it may be shown: what stands before `@` can be a token."""
    head, at, rest = url.rpartition("@")
    scheme, separator, _ = head.partition("://")
    return f"{scheme}{separator}...@{rest}" if at and separator else url


def _place(found: Kustomization, entry: Entry) -> Place:
    """Where the entry stands; an override's stands in no file."""
    return found.place(entry.keys) if entry.keys else Place(found.shown)


def _outside(place: Place, shown: str, hint: str = "") -> Finding:
    return place.finding(
        "KW0205", f"{shown} leads out of the tree", hint or "keep what is read inside of the repository"
    )


def _hint_near(path: str) -> str:
    """The file that was probably meant."""
    from keywave.findings import did_you_mean

    try:
        return did_you_mean(os.path.basename(path), sorted(os.listdir(os.path.dirname(path))))
    except OSError:
        return ""
