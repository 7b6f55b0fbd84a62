"""The order of the stages, and nothing else: read, load, expand, validate, order, and at the end the places of what was found.

Everything is imported inside, so that kustomize can run while Python still imports the later stages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keywave.findings import Finding, has_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keywave.build.options import BuildOptions
    from keywave.build.source import Built
    from keywave.intent.load import Loaded
    from keywave.intent.model import Profile
    from keywave.objects.manifest import Manifest
    from keywave.order import AppInfo, Ordered, OrderOptions


class Settings(NamedTuple):
    """What one render is asked for. `profiles` is a folder of catalogue profiles, `profile` the one to choose, "" = none.

    `project` is the Argo CD project (guardrails), `namespace` what objects without a namespace will be given by the deployer.
    """

    target: str = "argocd"
    layer: str = ""
    profiles: str = ""
    profile: str = ""
    project: str = ""
    namespace: str = ""
    name: str = ""
    """Stands before the names of Flux Kustomizations; "" = the application's name, else the only namespace of the output."""
    kit: bool = False
    allow_empty: bool = False
    app: AppInfo | None = None


class Prepared(NamedTuple):
    """The front half of a render: read, loaded, expanded, checked. `findings` are not located yet (`located` does it)."""

    built: Built
    loaded: Loaded
    manifests: tuple[Manifest, ...]
    """Without intents and profiles, rewired and completed."""
    findings: tuple[Finding, ...]
    namespace: str = ""
    """What objects without a namespace will be given by the deployer; "" = not known."""


class Report(NamedTuple):
    """What a render made and what it found. `ordered` is None when the input could not even be ordered."""

    findings: tuple[Finding, ...]
    ordered: Ordered | None = None
    manifests: tuple[Manifest, ...] = ()
    """The input without intents and profiles, rewired and completed, before ordering."""
    options: OrderOptions | None = None
    """What it was ordered by."""
    prepared: Prepared | None = None
    """What it was made from."""

    @property
    def failed(self) -> bool:
        return has_errors(self.findings)

    def with_findings(self, more: Sequence[Finding]) -> Report:
        """With further findings, which have their places already."""
        return self._replace(findings=tuple(sorted([*self.findings, *more], key=lambda finding: finding.sort_key)))


def render(path: str, settings: Settings, options: BuildOptions) -> Report:
    """Read PATH (a kustomization, a folder, a file, or "-" for stdin) and render it.

    Raises ToolError, UsageError; everything that people should mend in their files comes back as findings.
    """
    return render_built(_read(path, options), settings)


def prepare(path: str, settings: Settings, options: BuildOptions) -> Prepared:
    """Only the front half, for commands that ask about the objects and print none. Raises as `render` does."""
    return _prepare_built(_read(path, options), settings)


def _read(path: str, options: BuildOptions) -> Built:
    from keywave.build.source import begin

    with begin(path, options) as reading:
        _warm_up()  # kustomize runs meanwhile
        return reading.finish()


def render_built(built: Built, settings: Settings) -> Report:
    """Render manifests that have been read already (a stream, kustomize's output, a KRM ResourceList)."""
    from keywave.order import order

    prepared = _prepare_built(built, settings)
    loaded, manifests = prepared.loaded, prepared.manifests
    findings = list(prepared.findings)
    chosen = _order_options(loaded, manifests, settings)
    ordered = order(manifests, chosen)
    findings += ordered.findings
    if not settings.allow_empty and not manifests and not has_errors(findings):
        findings.append(_nothing(built))
    return Report(located(built, findings), ordered, manifests, chosen, prepared)


def _prepare_built(built: Built, settings: Settings) -> Prepared:
    from keywave.intent.load import load

    catalogue, findings = _catalogue(settings.profiles)
    findings += built.findings
    loaded = load(
        built.manifests,
        catalogue=catalogue,
        choose=settings.profile,
        project=settings.project,
        default_namespace=settings.namespace,
    )
    findings += loaded.findings
    manifests, more = _compose(loaded, settings)
    return Prepared(built, loaded, manifests, (*findings, *more), settings.namespace)


def located(built: Built, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """With file and line of the user's own; costs a second build, so only when there is something to tell."""
    if not findings:
        return ()
    from keywave.build.blaming import blame

    return tuple(sorted(blame(built, findings), key=lambda finding: finding.sort_key))


def _warm_up() -> None:
    """Import the later stages now."""
    from keywave import emit, expand, order, validate
    from keywave.intent import load

    del emit, expand, order, validate, load


def _compose(loaded: Loaded, settings: Settings) -> tuple[tuple[Manifest, ...], list[Finding]]:
    from keywave.expand import expand, platform_kit
    from keywave.validate import validate

    expanded = platform_kit(loaded) if settings.kit else expand(loaded)
    found = validate(expanded.manifests, loaded, target=settings.target)
    return expanded.manifests, [*expanded.findings, *found]


def _order_options(loaded: Loaded, manifests: Sequence[Manifest], settings: Settings) -> OrderOptions:
    from keywave.order import OrderOptions

    profile = _leading_profile(loaded)
    app = settings.app
    return OrderOptions(
        target=settings.target,
        argo=profile.argocd,
        flux=profile.flux,
        operator=profile.operator,
        namespace=settings.namespace,
        app=app,
        name=settings.name or (app.name if app else "") or _only_namespace(manifests),
        layer=settings.layer,
        external=frozenset(name for p in loaded.profiles for name in p.external),
    )


def _leading_profile(loaded: Loaded) -> Profile:
    """Whose waves, layers and operator hold for the whole output: the first by name that an intent uses, else the first."""
    from keywave.intent.model import Profile
    from keywave.objects.manifest import Manifest

    used = [i.profile for i in loaded.intents] or list(loaded.profiles)
    if not used:
        return Profile(name="", manifest=Manifest({}), catalogue=False, address="")
    return min(used, key=lambda p: p.name)


def _only_namespace(manifests: Sequence[Manifest]) -> str:
    namespaces = {m.namespace for m in manifests if m.namespace}
    return namespaces.pop() if len(namespaces) == 1 else "app"


def _catalogue(folder: str) -> tuple[Sequence[Manifest], list[Finding]]:
    if not folder:
        return (), []
    from keywave.build.options import BuildOptions
    from keywave.build.source import read

    read_profiles = read(folder, BuildOptions())
    return read_profiles.manifests, list(read_profiles.findings)


def _nothing(built: Built) -> Finding:
    from keywave.findings import Location

    return Finding(
        "KW0701",
        "the input gives no object at all; a GitOps engine that is handed nothing may prune everything",
        hint="check the path and the resources list, or say --allow-empty if this is meant",
        where=Location(built.root),
    )
