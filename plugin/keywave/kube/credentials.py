"""Who asks Kubernetes: a kubeconfig's context, or the Pod's own ServiceAccount.

Read as kubectl does it: files of a list in `KUBECONFIG` are laid over each other, the first that names something wins; paths in a file are
relative to it; inline data wins over a file; a token wins over a tokenFile. What would start a program (`exec`) is refused:
keywave has one door for processes, and a verifier in CI does not need a second one.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keywave.kube.api_server import ApiServer, KubeError
from keywave.objects.manifest import mapping, sequence

POD_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
_REFUSED = {
    "exec": "starts a program",
    "auth-provider": "starts a program's login",
    "username": "logs in with a password, which Kubernetes no longer takes",
    "as": "acts as somebody else",
}
_WORKS = (
    "what works is token, tokenFile or client-certificate with client-key in the kubeconfig's user, or running in a Pod; "
    "a token for it: kubectl create token NAME --namespace NAMESPACE"
)


def api_server(
    kubeconfig: str, *, context: str = "", environment: Mapping[str, str], pod: str = POD_FOLDER
) -> ApiServer:
    """The API server and who asks, from `kubeconfig` (one file), else `KUBECONFIG` (a list), else the Pod's own token, else
    `~/.kube/config`. `context` "" is the file's current one. Raises KubeError(config)."""
    if kubeconfig:
        return from_kubeconfig([kubeconfig], context)
    listed = [name for name in environment.get("KUBECONFIG", "").split(os.pathsep) if name]
    if listed:
        return from_kubeconfig(listed, context)
    if environment.get("KUBERNETES_SERVICE_HOST") and not context:
        return from_pod(environment, pod)
    home = Path(environment.get("HOME") or "~", ".kube", "config")
    if not home.is_file():
        raise KubeError("config", "no kubeconfig, and not in a Pod: Kubernetes cannot be asked", hint=_WORKS)
    return from_kubeconfig([str(home)], context)


def from_pod(environment: Mapping[str, str], folder: str = POD_FOLDER) -> ApiServer:
    """The API server of the cluster that this Pod runs in, as the Pod's ServiceAccount."""
    host, port = environment["KUBERNETES_SERVICE_HOST"], environment.get("KUBERNETES_SERVICE_PORT") or "443"
    url = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    file = Path(folder, "token")
    return ApiServer(url, ca=_text(Path(folder, "ca.crt")), token=_text(file).strip(), token_file=str(file))


def from_kubeconfig(files: list[str], context: str = "") -> ApiServer:
    """The cluster and user of a context. Files that are not there are passed over when there are several, as by kubectl."""
    read = [_read(Path(name)) for name in files if len(files) == 1 or Path(name).exists()]
    chosen = context or next((str(doc["current-context"]) for _, doc in read if doc.get("current-context")), "")
    if not chosen:
        raise KubeError("config", f"the kubeconfig {', '.join(files)} has no current-context", hint="name a context")
    _, entry = _named(read, "contexts", "context", chosen, files)
    folder, cluster = _named(read, "clusters", "cluster", str(entry.get("cluster") or ""), files)
    user_folder, user = _named(read, "users", "user", str(entry.get("user") or ""), files)
    for field, why in _REFUSED.items():
        if user.get(field):
            raise KubeError(
                "config",
                f'the kubeconfig\'s user {entry.get("user")} {why} ("{field}"), and keywave does not',
                hint=_WORKS,
            )
    if cluster.get("proxy-url"):
        raise KubeError("config", 'the kubeconfig\'s cluster has a "proxy-url": keywave asks Kubernetes directly only')
    return ApiServer(
        str(cluster.get("server") or ""),
        ca=_pem(folder, cluster, "certificate-authority"),
        token=_token(user_folder, user),
        certificate=_pem(user_folder, user, "client-certificate"),
        key=_pem(user_folder, user, "client-key"),
        server_name=str(cluster.get("tls-server-name") or ""),
        skip_verify=cluster.get("insecure-skip-tls-verify") is True,
    )


Read = tuple[Path, Mapping[str, Any]]


def _read(file: Path) -> Read:
    from keywave.objects.yamlio import YamlError, parse

    try:
        value = parse(_text(file))
    except YamlError as problem:
        # The message may quote the line, which may be a token.
        raise KubeError("config", f"the kubeconfig {file} cannot be read as YAML (line {problem.line})") from None
    if not isinstance(value, dict):
        raise KubeError("config", f"{file} is not a kubeconfig")
    return file.parent, value


def _named(read: list[Read], table: str, field: str, name: str, files: list[str]) -> Read:
    names = []
    for folder, document in read:
        for entry in sequence(document.get(table)):
            names.append(str(mapping(entry).get("name") or ""))
            if names[-1] == name:
                return folder, mapping(mapping(entry).get(field))
    there = f"; there are: {', '.join(sorted(names))}" if names else ""
    raise KubeError("config", f'the kubeconfig {", ".join(files)} has no {field} "{name}"{there}')


def _token(folder: Path, user: Mapping[str, Any]) -> str:
    if user.get("token"):
        return str(user["token"])
    return _text(folder / str(user["tokenFile"])).strip() if user.get("tokenFile") else ""


def _pem(folder: Path, values: Mapping[str, Any], field: str) -> str:
    data, file = values.get(f"{field}-data"), values.get(field)
    if data:
        try:
            return base64.b64decode("".join(str(data).split()), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise KubeError("config", f"{field}-data of the kubeconfig is not base64 of a PEM text") from None
    return _text(folder / str(file)) if file else ""


def _text(file: Path) -> str:
    try:
        return file.expanduser().read_text(encoding="utf-8")
    except OSError as problem:
        raise KubeError("config", f"cannot read {file}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise KubeError("config", f"cannot read {file}: not a text") from None
