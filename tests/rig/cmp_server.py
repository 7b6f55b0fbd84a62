"""The real argocd-cmp-server, asked over its socket as Argo CD's repo-server asks it.

The wire: GenerateManifest, MatchRepository and GetParametersAnnouncement take a stream whose first message is the metadata
and whose rest is a tar.gz of the whole repository in pieces; see plugin_messages.py.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Before grpc is imported: its handlers for fork complain on stderr for each subprocess that a test starts.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc
import yaml

from rig.machine import plain_environment, program
from rig.plugin_messages import CLASSES
from rig.processes import Server, running

SERVICE = "plugin.ConfigManagementPluginService"
# Argo CD's default is 1024; a stream of many small messages tests nothing but patience.
CHUNK = 64 * 1024
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class PluginError(Exception):
    """The plugin server's refusal: `code` as gRPC names it (UNKNOWN, DEADLINE_EXCEEDED), `text` as Argo CD shows it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


def application_env(
    *,
    name: str = "app",
    namespace: str = "default",
    project: str = "default",
    path: str = ".",
    repo: str = "https://git.example.com/team/repo.git",
    revision: str = "0123456789abcdef0123456789abcdef01234567",
    target_revision: str = "main",
    kube_version: str = "1.33.0",
    api_versions: Sequence[str] = ("v1", "apps/v1"),
    parameters: Sequence[Mapping[str, Any]] | None = None,
    plugin_env: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The variables that the repo-server sends for an Application.

    `parameters` is `spec.source.plugin.parameters`: [{"name": ..., "string"|"array"|"map": ...}]; None is "no plugin block".
    `plugin_env` is `spec.source.plugin.env`: each name arrives with ARGOCD_ENV_ before it.
    """
    env = {
        "ARGOCD_APP_NAME": name,
        "ARGOCD_APP_NAMESPACE": namespace,
        "ARGOCD_APP_PROJECT_NAME": project,
        "ARGOCD_APP_REVISION": revision,
        "ARGOCD_APP_REVISION_SHORT": revision[:7],
        "ARGOCD_APP_REVISION_SHORT_8": revision[:8],
        "ARGOCD_APP_SOURCE_PATH": path,
        "ARGOCD_APP_SOURCE_REPO_URL": repo,
        "ARGOCD_APP_SOURCE_TARGET_REVISION": target_revision,
        "KUBE_VERSION": kube_version,
        "KUBE_API_VERSIONS": ",".join(api_versions),
    }
    env |= {f"ARGOCD_ENV_{key}": value for key, value in (plugin_env or {}).items()}
    if parameters is not None:
        # `plugin: {}` without parameters gives the text null.
        env["ARGOCD_APP_PARAMETERS"] = json.dumps(list(parameters)) if parameters else "null"
        for parameter in parameters:
            env |= parameter_env(parameter)
    return env


def parameter_env(parameter: Mapping[str, Any]) -> dict[str, str]:
    """PARAM_<NAME>, PARAM_<NAME>_<i>, PARAM_<NAME>_<KEY> of one parameter."""
    prefix = f"PARAM_{escaped(str(parameter['name']))}"
    if "string" in parameter:
        return {prefix: str(parameter["string"])}
    if "map" in parameter:
        return {f"{prefix}_{escaped(key)}": value for key, value in parameter["map"].items()}
    return {f"{prefix}_{index}": value for index, value in enumerate(parameter.get("array") or ())}


def escaped(name: str) -> str:
    return "".join(sign if sign.isascii() and (sign.isalnum() or sign == "_") else "_" for sign in name.upper())


def packed(folder: Path) -> bytes:
    """The folder as the repo-server packs it: everything but .git, links as links."""

    def wanted(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if entry.name == ".git" or entry.name.startswith(".git/") else entry

    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, arcname=path.name, filter=wanted)
    return gzip.compress(raw.getvalue(), compresslevel=1)


@dataclass(frozen=True)
class CmpServer:
    """A running plugin server. Safe to be asked from several threads at once."""

    name: str
    socket: Path
    server: Server

    def generate(
        self, folder: Path, env: Mapping[str, str] | None = None, *, path: str = ".", timeout: float = 60.0
    ) -> list[dict[str, Any]]:
        """The manifests of `folder`/`path`, parsed. Raises PluginError.

        `env` is what the repo-server sends (default: `application_env()`); `timeout`, in seconds, is the call's deadline.
        """
        sent = application_env(path=path) if env is None else env
        answer = self._stream("GenerateManifest", "ManifestResponse", folder, path, sent, timeout)
        return [json.loads(text) for text in answer.manifests]

    def matches(
        self, folder: Path, env: Mapping[str, str] | None = None, *, path: str = ".", timeout: float = 60.0
    ) -> bool:
        """Whether the plugin's discovery claims `folder`/`path`. Raises PluginError."""
        sent = application_env(path=path) if env is None else env
        return bool(self._stream("MatchRepository", "RepositoryResponse", folder, path, sent, timeout).isSupported)

    def parameters(
        self, folder: Path, env: Mapping[str, str] | None = None, *, path: str = ".", timeout: float = 60.0
    ) -> list[dict[str, Any]]:
        """The announced parameters, dynamic ones first, as the UI gets them; fields that are not set are left out.

        The repo-server sends less for this call: see `announcement_env`. Raises PluginError.
        """
        sent = announcement_env(path=path) if env is None else env
        answer = self._stream(
            "GetParametersAnnouncement", "ParametersAnnouncementResponse", folder, path, sent, timeout
        )
        return [announcement(entry) for entry in answer.parameterAnnouncements]

    def discovery_configured(self) -> bool:
        """Whether plugin.yaml has a `discover` block. Raises PluginError."""
        with self._channel() as channel:
            call: Any = channel.unary_unary(
                f"/{SERVICE}/CheckPluginConfiguration",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=CLASSES["CheckPluginConfigurationResponse"].FromString,
            )
            return bool(answered(lambda: call(CLASSES["Empty"](), timeout=10)).isDiscoveryConfigured)

    def _stream(
        self, method: str, response: str, folder: Path, path: str, env: Mapping[str, str], timeout: float
    ) -> Any:
        archive = packed(folder)
        metadata = CLASSES["ManifestRequestMetadata"](
            appName=(folder / path).resolve().name,
            appRelPath=path,
            checksum=hashlib.sha256(archive).hexdigest(),
            size=len(archive),
            env=[CLASSES["EnvEntry"](name=name, value=value) for name, value in env.items()],
        )

        def messages() -> Iterator[Any]:
            yield CLASSES["AppStreamRequest"](metadata=metadata)
            for start in range(0, len(archive), CHUNK):
                yield CLASSES["AppStreamRequest"](file=CLASSES["File"](chunk=archive[start : start + CHUNK]))

        with self._channel() as channel:
            call: Any = channel.stream_unary(
                f"/{SERVICE}/{method}",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=CLASSES[response].FromString,
            )
            return answered(lambda: call(messages(), timeout=timeout))

    def _channel(self) -> grpc.Channel:
        return grpc.insecure_channel(f"unix:{self.socket}", options=UNLIMITED)


def answered(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except grpc.RpcError as error:
        raise PluginError(error.code().name, error.details() or "") from None


def announcement_env(*, name: str = "app", path: str = ".", **more: Any) -> dict[str, str]:
    """What the repo-server sends when it asks for parameters: no namespace, project, revision or KUBE_*."""
    full = application_env(name=name, path=path, **more)
    left_out = ("ARGOCD_APP_NAMESPACE", "ARGOCD_APP_PROJECT_NAME", "ARGOCD_APP_REVISION", "KUBE_")
    return {key: value for key, value in full.items() if not key.startswith(left_out)}


def announcement(message: Any) -> dict[str, Any]:
    plain = {field.name: getattr(message, field.name) for field, _ in message.ListFields()}
    if "map" in plain:
        plain["map"] = {entry.key: entry.value for entry in plain["map"]}
    if "array" in plain:
        plain["array"] = list(plain["array"])
    return plain


@contextlib.contextmanager
def cmp_server(
    folder: Path, plugin_file: Path, *, env: Mapping[str, str] | None = None, sockets: Path | None = None
) -> Iterator[CmpServer]:
    """Run a plugin as its sidecar would.

    `env` is the sidecar's own environment, over `plain_environment` (put the folder of your programs first in PATH).
    `sockets` is the folder that a repo-server looks for plugins in; without it the plugin has one of its own.
    """
    described = yaml.safe_load(plugin_file.read_text())
    version = (described.get("spec") or {}).get("version")
    name = described["metadata"]["name"] + (f"-{version}" if version else "")
    config, work, sockets = folder / "config", folder / "work", sockets or folder / "sockets"
    for place in (config, work, sockets):
        place.mkdir(parents=True, exist_ok=True)
    (config / "plugin.yaml").write_bytes(plugin_file.read_bytes())
    socket = sockets / f"{name}.sock"
    environment = plain_environment(folder, **(env or {}))
    environment |= {"ARGOCD_PLUGINSOCKFILEPATH": str(sockets), "ARGOCD_CMP_WORKDIR": str(work)}
    args = [f"--config-dir-path={config}", "--logformat=text"]
    with running(
        "argocd-cmp-server",
        program("argocd-cmp-server"),
        args,
        folder=folder,
        env=environment,
        ready=lambda: socket.exists(),
    ) as server:
        yield CmpServer(name, socket, server)
