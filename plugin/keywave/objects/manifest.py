"""A manifest: what one document says, where it stands, and its exact text.

A stage that wants another content makes a new manifest with `with_body`; `emit` then edits the text only where body and text
differ (`objects.splice`), so that a document which nobody changed leaves byte for byte as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from keywave.findings import Finding, Location, PathKey, Severity
from keywave.objects.ids import ResourceId, group_of

Body = Mapping[str, Any]
"""A decoded document: mappings with string keys, lists, str, int, float, bool, None. Treated as frozen: never changed in place."""

EMPTY: Body = {}


class Source(NamedTuple):
    """Where a document was read.

    `file` as the user would name it ("" for objects that keywave made, "-" for stdin, the kustomization's folder with
    `built=True` for kustomize's output); `line` counts from 1 and is the document's first line in that file.
    """

    file: str = ""
    line: int = 1
    built: bool = False


MADE = Source()


class Manifest:
    """One object. `text` is the document's exact text without separators, `parsed` what that text says; None for made objects.

    `made_by` names the intent or profile that a made object comes from (its `subject`), "" for the user's own. Frozen by habit, and a
    plain class: its identity is asked for so often that it is worked out once, here (a render of 5,000 objects asks 300,000 times).
    """

    __slots__ = (
        "annotations",
        "api_version",
        "body",
        "group",
        "kind",
        "labels",
        "made_by",
        "metadata",
        "name",
        "namespace",
        "parsed",
        "pod",
        "source",
        "spec",
        "text",
        "uses",
    )
    pod: tuple[Body, tuple[PathKey, ...]] | None
    """Kept by `workloads.pod_template`, which several stages ask; unset before."""
    uses: tuple[Any, ...]
    """Kept by `workloads.secret_uses`; unset before."""

    def __init__(
        self,
        body: Body,
        source: Source = MADE,
        text: str | None = None,
        parsed: Body | None = None,
        made_by: str = "",
    ) -> None:
        self.body: Final = body
        self.source: Final = source
        self.text: Final = text
        self.parsed: Final = parsed
        self.made_by: Final = made_by
        self.metadata: Final = mapping(body.get("metadata"))
        self.api_version: Final = _text(body.get("apiVersion"))
        self.group: Final = group_of(self.api_version)
        self.kind: Final = _text(body.get("kind"))
        self.name: Final = _text(self.metadata.get("name"))
        self.namespace: Final = _text(self.metadata.get("namespace"))
        self.labels: Final = mapping(self.metadata.get("labels"))
        self.annotations: Final = mapping(self.metadata.get("annotations"))
        self.spec: Final = mapping(body.get("spec"))

    @property
    def id(self) -> ResourceId:
        return ResourceId(self.group, self.kind, self.namespace, self.name)

    @property
    def subject(self) -> str:
        """`Kind namespace/name`; findings carry it, and line numbers are looked up by it."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def changed(self) -> bool:
        """True when the body no longer is what the text says (or there is no text)."""
        return self.text is None or self.body is not self.parsed

    def with_body(self, body: Body) -> Manifest:
        """The same document with another content; text and source stay, for editing in place."""
        return Manifest(body, self.source, self.text, self.parsed, self.made_by)

    def with_annotations(self, added: Mapping[str, str]) -> Manifest:
        """The same object with annotations set (added or replaced); itself when they are there already."""
        if all(self.annotations.get(k) == v for k, v in added.items()):
            return self
        metadata = {**self.metadata, "annotations": {**self.annotations, **added}}
        return self.with_body({**self.body, "metadata": metadata})

    def finding(
        self,
        code: str,
        message: str,
        *keys: PathKey,
        hint: str = "",
        severity: Severity = Severity.ERROR,
        related: tuple[Location, ...] = (),
    ) -> Finding:
        """A finding about this object at the given keys. Its line is filled in when it is reported (`objects.locate`)."""
        where = Location(self.source.file, 0, keys)
        return Finding(code, message, hint, where, severity, self.subject, related)

    def warning(self, code: str, message: str, *keys: PathKey, hint: str = "") -> Finding:
        """The same as `finding`, as a warning."""
        return self.finding(code, message, *keys, hint=hint, severity=Severity.WARNING)


def mapping(value: object) -> Body:
    """The value if it is a mapping, else an empty one: for reading documents that may be of any shape."""
    return value if isinstance(value, dict) else EMPTY


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def sequence(value: object) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
