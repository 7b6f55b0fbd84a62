"""Text to meaning and back, as Kubernetes reads it (sigs.k8s.io/yaml 1.6 over go-yaml v2); the public face of this package's YAML.

Rule: problems are findings with file and line, all of them at once; one broken document hides nothing of the others; a document keeps
its exact text. Parts: `documents` cuts, `construct` and `scalars` give values, `limits` bounds, `dump` writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keywave.findings import Finding, Location, PathKey, Severity
from keywave.objects import blockform, documents, jsonio
from keywave.objects.dump import dump
from keywave.objects.limits import DEFAULT_LIMITS, Limits
from keywave.objects.manifest import Manifest, Source, mapping
from keywave.objects.yamlerror import YamlError

if TYPE_CHECKING:
    from keywave.objects.construct import Constructed

__all__ = ["DEFAULT_LIMITS", "Limits", "Read", "YamlError", "dump", "parse", "read_stream"]


class Read(NamedTuple):
    """What a stream holds, and everything that is wrong with it."""

    manifests: tuple[Manifest, ...]
    findings: tuple[Finding, ...]


def parse(text: str, limits: Limits = DEFAULT_LIMITS) -> Any:
    """The value of one document: dict with text keys, list, str, int, float, bool or None. JSON is welcome too.

    Raises:
        YamlError: no YAML, more than one document, a key that stands twice, or beyond the limits.
    """
    text = text.removeprefix(documents.BOM)
    simple = blockform.read(text, limits)
    if simple is not blockform.UNKNOWN:
        return simple
    as_json = jsonio.read_one(text, limits)
    if as_json is not None:
        return as_json
    from keywave.objects.construct import construct  # loads the parser, which ordinary manifests do not need

    made = construct(text, limits)
    if not made.ended:
        raise YamlError(1, "more than one document", code="KW0109")
    if made.repeated:
        from keywave.objects.repeated import repeated_keys

        for problem in repeated_keys(text):
            if not problem.merge:
                raise YamlError(problem.line, problem.message(), code="KW0112")
    return made.value


def read_stream(data: bytes, file: str, *, built: bool = False, limits: Limits = DEFAULT_LIMITS) -> Read:
    """All objects of a stream of YAML or JSON documents, in order, with all problems found.

    Empty documents are dropped; `List` kinds are replaced by their items (`text` is None for these). A document with a problem that
    still has a meaning (a key that stands twice) is among the manifests; one without (no mapping, no name) is not.
    """
    reader = _Reader(file, built, limits)
    if len(data) > limits.bytes:
        reader.problem("KW0101", f"{len(data)} bytes; at most {limits.bytes} are read", 0, hint="split the stream")
    elif documents.count(data) > limits.documents:
        message = f"more than {limits.documents} documents"
        reader.problem("KW0102", message, 0, hint="split the tree into several applications")
    else:
        reader.read(data)
    return Read(tuple(reader.manifests), tuple(reader.findings))


class _Reader:
    """One run over one stream."""

    def __init__(self, file: str, built: bool, limits: Limits) -> None:
        self.file = file
        self.built = built
        self.limits = limits
        self.nodes_left = limits.nodes
        self.lenient = False
        self.manifests: list[Manifest] = []
        self.findings: list[Finding] = []

    def read(self, data: bytes) -> None:
        try:
            stream = data.decode("utf-8")
        except UnicodeDecodeError:
            stream = self.decode_leniently(data)
        for text, line in documents.split(stream):
            if self.nodes_left <= 0:
                break
            doubtful = self.lenient or "\n---" in text or text.startswith("---")
            if not doubtful or self.readable(text, line):
                self.document(text, line)

    def decode_leniently(self, data: bytes) -> str:
        """Bytes that are no UTF-8 become marks, so that the documents around them can still be read."""
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            self.problem("KW0103", "the file is UTF-16", 1, hint="save it as UTF-8")
            return ""
        self.lenient = True
        return data.decode("utf-8", "surrogateescape")

    def readable(self, text: str, line: int) -> bool:
        """False, with a finding, for bytes that are no UTF-8 and for lines that only look like a separator."""
        for number, content in enumerate(text.split("\n")):
            odd = next((c for c in content if "\udc80" <= c <= "\udcff"), "")
            if odd:
                message = f"byte 0x{ord(odd) - 0xDC00:02x} is no UTF-8"
                hint = "the file looks like Windows-1252 or Latin-1: save it as UTF-8"
                self.problem("KW0103", message, line + number, hint=hint)
                return False
            if content.startswith("---") and content[3:].strip() and not content[3:].lstrip().startswith("#"):
                hint = "write --- on a line of its own, or indent the line"
                self.problem("KW0108", "a line begins with --- but is no separator", line + number, hint=hint)
                return False
        return True

    def document(self, text: str, line: int) -> None:
        """One document of the stream; a JSON stream is one text with several."""
        limits = self.limits._replace(nodes=self.nodes_left)
        simple = blockform.read(text, limits)
        if simple is not blockform.UNKNOWN:
            self.nodes_left -= text.count("\n") * 3
            self.accept(simple, text, line)
            return
        from_json = jsonio.read_many(text, limits) if "{" in text[:200] else None
        if from_json is None:
            made = self.construct(text, line, limits)
            if made is not None and not made.empty:
                self.check_repeated(text, line, made)
                self.accept(made.value, text, line)
        elif len(from_json) == 1:
            self.accept(from_json[0].value, text, line)
        else:
            for value, start, end in from_json:
                self.accept(value, text[start:end], line + text.count("\n", 0, start))

    def construct(self, text: str, line: int, limits: Limits) -> Constructed | None:
        from keywave.objects.construct import construct

        try:
            made = construct(text, limits)
        except YamlError as problem:
            self.problem(problem.code, problem.message, line + problem.line - 1, hint=problem.hint)
            if problem.code == "KW0104":
                self.nodes_left = 0
            return None
        self.nodes_left -= made.nodes
        return made

    def check_repeated(self, text: str, line: int, made: Constructed) -> None:
        if not made.repeated:
            return
        from keywave.objects.repeated import repeated_keys

        for found in repeated_keys(text):
            code, severity = ("KW0113", Severity.WARNING) if found.merge else ("KW0112", Severity.ERROR)
            hint = "write << first" if found.merge else "keep one of the two"
            self.problem(code, found.message(line - 1), line + found.line - 1, found.keys, hint=hint, severity=severity)

    def accept(self, value: Any, text: str | None, line: int) -> None:
        """Keep an object, its items if it is a list of objects, or say why it is none."""
        if value is None:
            return
        if not isinstance(value, dict):
            kind = "a list" if isinstance(value, list) else "a single value"
            self.problem(
                "KW0114", f"the document is {kind}, not an object", line, hint="an object is a mapping with apiVersion"
            )
            return
        if isinstance(value.get("items"), list) and str(value.get("kind", "")).endswith("List"):
            self.flatten(value, text, line)
            return
        missing = [key for key in ("apiVersion", "kind") if not (isinstance(value.get(key), str) and value[key])]
        if missing:
            self.problem(
                "KW0115", f"the object has no {' and no '.join(missing)}", line, hint="every object needs both"
            )
            return
        metadata = mapping(value.get("metadata"))
        name = metadata.get("name") or metadata.get("generateName")
        if not isinstance(name, str):
            message = (
                f"the {value['kind']} has no name that is a text"
                if name
                else f"the {value['kind']} has no metadata.name"
            )
            hint = "quote the name" if name else "give it a name"
            self.problem("KW0116", message, line, ("metadata", "name"), hint=hint)
            return
        source = Source(self.file, line, self.built)
        self.manifests.append(Manifest(value, source, text, value if text is not None else None))

    def flatten(self, value: dict[str, Any], text: str | None, line: int) -> None:
        """The items of a List. Items of a typed list may leave out apiVersion and kind, as in client-go."""
        lines = _item_lines(text, len(value["items"]))
        kind = str(value["kind"]).removesuffix("List")
        for item, offset in zip(value["items"], lines, strict=True):
            if kind and isinstance(item, dict) and "kind" not in item:
                item = {"apiVersion": value.get("apiVersion"), "kind": kind, **item}
            self.accept(item, None, line + offset)

    def problem(
        self,
        code: str,
        message: str,
        line: int,
        keys: tuple[PathKey, ...] = (),
        *,
        hint: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None:
        where = Location(self.file, 0 if self.built else line, keys)
        self.findings.append(Finding(code, message, hint, where, severity))


def _item_lines(text: str | None, count: int) -> list[int]:
    """How many lines below the document's first line each item stands; 0 for lists in lists."""
    if text is None:
        return [0] * count
    from keywave.objects.locate import lines_of_items

    return [found - 1 for found in lines_of_items(text, "items", count)]
