"""Secrets engines and auth methods: all of them by one request each; where that is denied, those that are asked for, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from keywave.survey.gathering import Gathering
from keywave.vault import wire
from keywave.vault.inventory import Fact, Mount, Place, State
from keywave.vault.wire import Request, Response

_MOST_ROUNDS = 50
_ALL = {"mounts": ("sys/mounts/", wire.mounts, ""), "auths": ("sys/auth/", wire.auth_methods, "auth/")}


def find_mounts(gathering: Gathering, table: str, wanted: Iterable[Place]) -> None:
    """Fill `mounts` or `auths` for (namespace, path at or below the mount). Without any right a mount is DENIED: nothing below it may be
    asked then, for its type is unknown and a GET below a KV v1 mount would answer with a value."""
    folder, request, _ = _ALL[table]
    by_namespace: dict[str, set[str]] = {}
    for namespace, path in wanted:
        by_namespace.setdefault(namespace, set()).add(path.strip("/"))
    namespaces = sorted(by_namespace)
    answers = gathering.send([request(namespace) for namespace in namespaces], rights_first=False)
    for namespace, answer in zip(namespaces, answers, strict=True):
        if answer is not None and answer.ok:
            _take_all(gathering, table, namespace, folder, answer)
        else:
            gathering.tables["names"][namespace, folder] = gathering.fact(request(namespace), answer, lambda _: ())
            _one_by_one(gathering, table, namespace, by_namespace[namespace])


def _take_all(gathering: Gathering, table: str, namespace: str, folder: str, answer: Response) -> None:
    found = {
        path.strip("/"): wired for path, wired in answer.data.items() if isinstance(wired, Mapping) and "type" in wired
    }
    gathering.tables["names"][namespace, folder] = Fact(State.PRESENT, tuple(sorted(found)))
    for path, wired in found.items():
        gathering.tables[table][namespace, path] = Fact(State.PRESENT, _mount(path, wired))


def _one_by_one(gathering: Gathering, table: str, namespace: str, paths: set[str]) -> None:
    """Each round asks for one path of each first segment; an answer tells the mount, and all paths below it are answered by that."""
    left, prefix = {path for path in map(_sendable, paths) if path}, _ALL[table][2]
    for _ in range(_MOST_ROUNDS):
        samples = {path.split("/")[0]: path for path in sorted(left, reverse=True)}
        if not samples:
            return
        requests = {path: wire.mount_of(prefix + path, namespace) for path in samples.values()}
        # This endpoint looks at rights below the mount by itself, so the right on its own path says nothing.
        for path, answer in zip(requests, gathering.session.ask_all(list(requests.values())), strict=True):
            left.discard(path)
            if answer.ok and answer.data.get("path"):
                mount = _mount(str(answer.data["path"]).strip("/").removeprefix(prefix), answer.data)
                gathering.tables[table][namespace, mount.path] = Fact(State.PRESENT, mount)
                left -= {other for other in left if f"{other}/".startswith(f"{mount.path}/")}
            else:
                gathering.tables[table].setdefault((namespace, path), _unseen(gathering, table, requests[path], answer))


def _sendable(path: str) -> str:
    """As much of a path as can be asked for: `kv//x` -> `kv`. The mount stands at its start."""
    segments = path.split("/")
    ends = [end for end in range(len(segments), 0, -1) if wire.sendable("/".join(segments[:end]))]
    return "/".join(segments[: ends[0]]) if ends else ""


def _unseen(gathering: Gathering, table: str, request: Request, answer: Response) -> Fact[Mount]:
    """Vault says 403 to whoever has no right below a mount, and where there is none."""
    if answer.status != 403:
        fact: Fact[Mount] = gathering.fact(request, answer, lambda _: None)
        return Fact(State.UNCLEAR, note=fact.note or f"{request.path} answered {answer.status}")
    gathering.lacking.add((request.namespace, _ALL[table][0].rstrip("/"), "read"))
    return Fact(State.DENIED, note=f"read on {request.path} is denied: no right below it, or no such mount")


def _mount(path: str, wired: Mapping[str, Any]) -> Mount:
    config, options = wired.get("config") or {}, wired.get("options") or {}
    kind = str(wired["type"])
    version = 0
    if kind in ("kv", "generic"):
        version = 2 if str(options.get("version", "1")) == "2" else 1
    return Mount(
        path,
        kind,
        version,
        int(config.get("default_lease_ttl") or 0),
        int(config.get("max_lease_ttl") or 0),
        str(wired.get("accessor") or ""),
    )
