"""All custom resources as the watches have them, with an index of who refers to whom."""

from __future__ import annotations

import threading
from collections.abc import Callable

from keywave.controller.model import Key, Resource
from keywave.controller.running.references import refers_to


class Store:
    """Satisfies ports.Lookup. `find` looks into what the informers have; `changed` is what they call."""

    def __init__(
        self,
        find: Callable[[Key], Resource | None],
        operator_namespace: str,
        wake: Callable[[Key, Resource | None], None],
    ) -> None:
        self._find, self._namespace, self._wake = find, operator_namespace, wake
        self._referrers: dict[Key, set[Key]] = {}
        self._refers: dict[Key, tuple[Key, ...]] = {}
        self._uids: dict[str, Key] = {}
        self._lock = threading.Lock()

    def find(self, key: Key) -> Resource | None:
        return self._find(key)

    def referrers(self, key: Key) -> tuple[Resource, ...]:
        with self._lock:
            keys = sorted(self._referrers.get(key, ()))
        return tuple(found for found in map(self.find, keys) if found is not None)

    def by_uid(self, uid: str) -> Resource | None:
        key = self._uids.get(uid)
        return self.find(key) if key is not None else None

    def changed(self, key: Key, old: Resource | None, new: Resource | None) -> None:
        """Keeps the index, wakes the object, and, where others may see a difference, all that refer to it, directly or not."""
        first_used = self._index(key, new)
        if key.kind == "VaultAuthGlobal":
            for user in self.referrers(key):  # it may name their connection
                self._index(user.key, user)
        if old is not None and (new is None or new.uid != old.uid):
            self._uids.pop(old.uid, None)
        if new is not None:
            self._uids[new.uid] = key
        self._wake(key, new)
        if key.kind in ("VaultConnection", "VaultAuthGlobal", "VaultAuth", "SecretTransformation") and (
            old is None or new is None or (old.uid, old.generation) != (new.uid, new.generation)
        ):
            self._wake_referrers(key, set())
        for target in first_used:
            login = self.find(target) if target.kind == "VaultAuth" else None
            if login is not None:  # it may have been tried from nowhere yet
                self._wake(target, login)

    def _wake_referrers(self, key: Key, done: set[Key]) -> None:
        for resource in self.referrers(key):
            if resource.key not in done:
                done.add(resource.key)
                self._wake(resource.key, resource)
                self._wake_referrers(resource.key, done)

    def _index(self, key: Key, new: Resource | None) -> list[Key]:
        """What nothing referred to until now."""
        now = refers_to(new, self._namespace, self.find) if new is not None else ()
        with self._lock:
            before = self._refers.get(key, ())
            if before == now:
                return []
            for target in before:
                names = self._referrers.get(target)
                if names is not None:
                    names.discard(key)
                    if not names:
                        del self._referrers[target]
            first = [target for target in now if target not in self._referrers]
            for target in now:
                self._referrers.setdefault(target, set()).add(key)
            if now:
                self._refers[key] = now
            else:
                self._refers.pop(key, None)
            return first
