"""KV secrets. Version 2: one `subkeys` read a (path, version) answers existence, version, deletion and the names of the keys. It is
preferred to one LIST of the parent even where no keys are asked: a LIST also names secrets whose latest version is deleted.
Version 1: only a value read could tell keys, so the parent is listed and nothing else is asked.

Seen on Vault 1.21.1: a deleted or destroyed version is a 404 with metadata; a version or a path that is not there is a 404 without.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from keywave.survey.gathering import Gathering, TooMuch
from keywave.survey.scope import Scope
from keywave.vault import wire
from keywave.vault.inventory import Fact, KeyNames, KvSecret, Mount, Place, State, VersionState
from keywave.vault.wire import Request, Response

_V1_NOTE = "names of keys cannot be told on KV version 1 without reading the value"


class KvAsk(NamedTuple):
    """One secret that is asked for; `version` None is the latest. `walked`: for a lock, with all versions."""

    namespace: str
    mount: Mount
    path: str
    version: int | None = None
    walked: bool = False

    @property
    def place(self) -> Place:
        return self.namespace, f"{self.mount.path}/{self.path}"


def find_secrets(gathering: Gathering, asked: Iterable[KvAsk]) -> dict[KvAsk, Request]:
    """The requests for all asks of KV version 2; what can be said without one is said (a path that is none)."""
    requests: dict[KvAsk, Request] = {}
    asked = set(asked)
    walked = {ask.place for ask in asked if ask.walked}
    # What a lock walks to is asked for once, whether an intent names it or not.
    asked = {ask for ask in asked if ask.walked or ask.version or ask.place not in walked}
    for ask in sorted(asked, key=lambda a: (a.place, a.version or 0)):
        if _is_none(ask.path):
            gathering.tables["secrets"][ask.place] = Fact(State.ABSENT, note="no secret can have such a path")
        elif ask.mount.kv_version == 2:
            requests[ask] = wire.kv_subkeys(ask.mount.path, ask.path, ask.version, ask.namespace)
    return requests


def take_secrets(gathering: Gathering, answers: Mapping[KvAsk, Response | None]) -> None:
    """Facts of the answers to `find_secrets`. Where a version is not there or deleted, and for a lock, the metadata tell all
    versions."""
    doubts = {
        ask: wire.kv_metadata(ask.mount.path, ask.path, ask.namespace)
        for ask, answer in answers.items()
        if ask.walked or (answer is not None and answer.status == 404 and (ask.version or _metadata(answer)))
    }
    by_place = {ask.place: request for ask, request in doubts.items()}
    told = gathering.send_each({place: by_place[place] for place in sorted(by_place)})
    metadata = {ask: told[ask.place] for ask in doubts}
    facts: dict[Place, list[Fact[KvSecret]]] = {}
    for ask, answer in answers.items():
        request = wire.kv_subkeys(ask.mount.path, ask.path, ask.version, ask.namespace)
        latest = ask.version is None
        fact = gathering.fact(request, answer, _latest if latest else _numbered)
        if fact.absent and answer is not None and _metadata(answer):
            fact = Fact(State.PRESENT, _secret(answer, latest=latest))
        whole = gathering.fact(doubts[ask], metadata[ask], _versions) if ask in doubts else fact
        # That one version is not there says nothing of the secret: the metadata alone do.
        own = [] if fact.absent and not latest else [fact]
        facts.setdefault(ask.place, []).extend([*own, whole] if ask in doubts else own)
    for place, found in facts.items():
        gathering.tables["secrets"][place] = _united(found)


def list_version_1(gathering: Gathering, asked: Iterable[KvAsk]) -> None:
    """KV version 1: by its parent's listing."""
    mine = {a for a in asked if a.mount.kv_version == 1 and a.place not in gathering.tables["secrets"]}
    gathering.listed([_parent(a) for a in mine], _lister({(a.namespace, a.mount) for a in mine}))
    for ask in mine:
        listed = gathering.tables["names"][_parent(ask)]
        if listed.value is None:
            fact: Fact[KvSecret] = Fact(listed.state, note=listed.note)
        elif ask.path.rpartition("/")[2] in listed.value:
            fact = Fact(State.PRESENT, KvSecret(), _V1_NOTE)
        else:
            fact = Fact(State.ABSENT)
        gathering.tables["secrets"][ask.place] = fact


def list_around(gathering: Gathering, asked: Iterable[KvAsk]) -> None:
    """For "did you mean": the listing of the parent of what is absent, of its parents until one holds something, and of a folder that
    has the name of the secret."""
    secrets, names = gathering.tables["secrets"], gathering.tables["names"]
    absent = {a for a in asked if secrets.get(a.place, Fact(State.UNCOVERED)).absent and not _is_none(a.path)}
    lister = _lister({(a.namespace, a.mount) for a in absent})
    folders = {_parent(a): a.mount.path + "/" for a in absent}
    while folders:
        gathering.listed(folders, lister)
        empty = {place: top for place, top in folders.items() if names[place].value == () and place[1] != top}
        folders = {(space, path.rstrip("/").rpartition("/")[0] + "/"): top for (space, path), top in empty.items()}
    same = {a for a in absent if a.place[1].rpartition("/")[2] + "/" in (names[_parent(a)].value or ())}
    gathering.listed([(a.namespace, a.place[1] + "/") for a in same], lister)


def walk(gathering: Gathering, scope: Scope) -> list[KvAsk]:
    """All secrets below the prefixes, level by level. Raises TooMuch above `scope.most` names."""
    found: list[KvAsk] = []
    level: dict[Place, Mount] = {}
    for namespace, prefix in scope.prefixes:
        mount = _mount_of(gathering, namespace, prefix)
        if mount is not None and mount.kv_version and wire.sendable(f"{prefix.strip('/')}/"):
            level[namespace, prefix.strip("/") + "/"] = mount
    total = 0
    while level:
        gathering.listed(level, _lister({(space, mount) for (space, _), mount in level.items()}))
        below: dict[Place, Mount] = {}
        for (namespace, folder), mount in level.items():
            for name in gathering.tables["names"][namespace, folder].value or ():
                total += 1
                if name.endswith("/"):
                    below[namespace, folder + name] = mount
                else:
                    found.append(
                        KvAsk(namespace, mount, (folder + name)[len(mount.path) + 1 :], walked=mount.kv_version == 2)
                    )
        if total > scope.most:
            folder = min(level)[1]
            raise TooMuch(
                f"more than {scope.most} names below the prefixes (at {folder})",
                hint="give the profile narrower prefixes",
            )
        level = below
    return found


def _is_none(path: str) -> bool:
    """A path that no secret can have."""
    return path.endswith("/") or not wire.sendable(path)


def _mount_of(gathering: Gathering, namespace: str, path: str) -> Mount | None:
    return gathering.inventory().mount_of(namespace, path).value


def _parent(ask: KvAsk) -> Place:
    return ask.namespace, ask.place[1].rpartition("/")[0] + "/"


def _lister(mounts: Iterable[tuple[str, Mount]]) -> Any:
    known = sorted(mounts, key=lambda each: -len(each[1].path))

    def request(place: Place) -> Request:
        mount = next(m for space, m in known if space == place[0] and place[1].startswith(m.path + "/"))
        return wire.kv_list(mount.path, place[1][len(mount.path) + 1 :], mount.kv_version, place[0])

    return request


def _metadata(answer: Response) -> Mapping[str, Any]:
    found = answer.data.get("metadata")
    return found if isinstance(found, Mapping) else {}


def _secret(answer: Response, *, latest: bool) -> KvSecret:
    about, subkeys = _metadata(answer), answer.data.get("subkeys")
    number = int(about.get("version") or 0)
    state: VersionState = "live" if answer.ok else "destroyed" if about.get("destroyed") else "deleted"
    keys = {number: KeyNames(tuple(sorted(subkeys)))} if isinstance(subkeys, Mapping) else {}
    ends = {number: str(about["deletion_time"])} if state == "live" and about.get("deletion_time") else {}
    return KvSecret(number if latest else 0, {number: state}, keys, False, ends)


def _latest(answer: Response) -> KvSecret:
    return _secret(answer, latest=True)


def _numbered(answer: Response) -> KvSecret:
    return _secret(answer, latest=False)


def _versions(answer: Response) -> KvSecret:
    states: dict[int, VersionState] = {}
    ends: dict[int, str] = {}
    now = ""
    for text, about in (answer.data.get("versions") or {}).items():
        number, ending = int(text), str(about.get("deletion_time") or "")
        if about.get("destroyed"):
            states[number] = "destroyed"
        elif ending and about.get("deleted_by"):
            states[number] = "deleted"
        else:
            states[number] = "live"
            if ending:
                now = now or _now()
                # Vault keeps the time of a deletion to come and of one by delete_version_after that has come alike.
                states[number] = "deleted" if ending[:19] <= now else "live"
                if states[number] == "live":
                    ends[number] = ending
    return KvSecret(int(answer.data.get("current_version") or 0), states, {}, True, ends)


def _now() -> str:
    import datetime

    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _united(found: list[Fact[KvSecret]]) -> Fact[KvSecret]:
    """One fact of all that was asked about a secret: what a version's own answer says goes before the metadata."""
    there = [fact.value for fact in found if fact.value is not None]
    if not there:
        return min(found, key=lambda f: (State.ABSENT, State.DENIED, State.UNCLEAR).index(f.state))
    if all(not secret.versions for secret in there):
        return Fact(State.ABSENT)  # metadata alone: nothing to read
    there.sort(key=lambda secret: not secret.complete)
    versions: dict[int, VersionState] = {}
    keys: dict[int, KeyNames] = {}
    ends: dict[int, str] = {}
    for secret in there:
        versions |= secret.versions
        keys |= secret.keys
        ends |= secret.deletes_at
    ends = {number: when for number, when in ends.items() if versions.get(number) == "live"}
    complete = any(secret.complete for secret in there)
    return Fact(
        State.PRESENT,
        KvSecret(
            max(secret.current for secret in there),
            dict(sorted(versions.items())),
            dict(sorted(keys.items())),
            complete,
            ends,
        ),
    )
