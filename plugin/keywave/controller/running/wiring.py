"""Puts the parts together: client, watches, store, queue, workers, shards, Vault. The one place that knows them all."""

from __future__ import annotations

import os
import random
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from keywave._version import VERSION
from keywave.controller import mac, status_beside
from keywave.controller.kinds.catalogue import KINDS
from keywave.controller.kinds.secret_flow import exists_for_this_generation
from keywave.controller.model import Key, Resource
from keywave.controller.ports import World
from keywave.controller.running import definitions
from keywave.controller.running.informer import Informer
from keywave.controller.running.memory import ProcessMemory
from keywave.controller.running.queue import WorkQueue
from keywave.controller.running.secret_view import SecretView
from keywave.controller.running.settings import Settings, listen_address
from keywave.controller.running.shards import Shards, shard_of
from keywave.controller.running.standby import StandBy
from keywave.controller.running.store import Store
from keywave.controller.running.workers import Workers
from keywave.controller.status_beside import WholeLookup
from keywave.controller.types import SECRET_KINDS, TYPES
from keywave.controller.vault_access.access import VaultAccess
from keywave.controller.watching.events import EventRecorder
from keywave.controller.watching.http_server import HttpServer
from keywave.controller.watching.logs import where_of
from keywave.controller.watching.metrics import Labels, Metrics
from keywave.controller.watching.standing import first_end, out_of_sync_since
from keywave.controller.watching.watchdog import Watchdog
from keywave.kube.api_server import ApiServer, KubeError
from keywave.kube.client import KubeClient

_GRACE = 25.0
"""Seconds for what is under way when the process is told to end; the kubelet gives thirty."""


class Reconciler:
    """One process. `start` returns when everything runs; `stop` when everything has ended."""

    def __init__(self, settings: Settings, server: ApiServer, log: Callable[..., None]) -> None:
        self._settings, self._log = settings, log
        self._kube = KubeClient(server)
        self._metrics = Metrics()
        self._metrics.set("keywave_build_info", 1.0, VERSION)
        self._identity = f"{os.environ.get('POD_NAME') or socket.gethostname()}-{secrets.token_hex(4)}".lower()
        self._queue = WorkQueue(time.monotonic)
        self._memory = ProcessMemory()
        self._http = HttpServer(
            listen_address(settings.metrics_address),
            metrics=self._metrics.text,
            healthy=self._healthy,
            ready=self._ready,
            failed=self._bug,
        )
        self._started = False
        self._workers: Workers | None = None
        self._watchdog = Watchdog(self._queue.age, lambda: self._metrics.total("keywave_reconcile_total"))
        self._metrics.before = self._measure

    def start(self) -> None:
        """Raises KubeError, MacKeyError, MissingDefinitions."""
        settings = self._settings
        self._http.start()
        if settings.install_crds:
            definitions.install_absent(self._kube, self._log)
        fields = definitions.served(self._kube)
        absent = definitions.absent_kinds(self._kube)
        spaces = settings.namespaces
        key = mac.read_or_create(self._kube, settings.operator_namespace)
        self._secrets = SecretView(
            self._kube, key, watched=not spaces, changed=self._secret_changed, told=self._watch_failed
        )
        self._store = Store(self._stores, settings.operator_namespace, self._wake)
        self._informers = [
            Informer(self._kube, type, self._store.changed, namespace=space, told=self._watch_failed)
            for kind, type in TYPES.items()
            if kind not in absent
            # What is shared lives in the operator's namespace.
            for space in (dict.fromkeys((*spaces, settings.operator_namespace)) if spaces else ("",))
        ]
        self._events = EventRecorder(self._kube, self._identity, time.time, failed=self._bug)
        self._vault = VaultAccess(self._kube, self._metrics, now=time.time, chance=random.random)
        self._shards = Shards(
            self._kube,
            settings.operator_namespace,
            self._identity,
            seconds=settings.lease_seconds,
            gained=self._gained,
            lost=lambda shard: self._log("info", "gave a shard back", shard=shard),
            busy=lambda shard: (
                self._workers is not None and self._workers.busy_in(lambda namespace: shard_of(namespace) == shard)
            ),
            log=self._log,
        )
        places = tuple(dict.fromkeys((*spaces, settings.operator_namespace))) if spaces else ()
        self._standby = StandBy(self._kube, places, begin=self._memory.clear, gone=self._wake_all, log=self._log)
        self._run(fields)

    def _run(self, fields: Mapping[str, Any] | None) -> None:
        world = World(
            kube=self._kube,
            vault=self._vault,
            lookup=self._store if fields is None else WholeLookup(self._store, self._memory, fields),
            secrets=self._secrets,
            events=self._events,
            memory=self._memory,
            counting=self._metrics,
            now=time.time,
            chance=random.random,
            enqueue=lambda key: self._wake(key, self._store.find(key)),
            operator_namespace=self._settings.operator_namespace,
            status_fields=fields,
            default_globals=self._settings.default_globals,
            exclude_raw=self._settings.exclude_raw,
        )
        self._workers = Workers(self._queue, world, KINDS, count=self._settings.workers, turn=self._turn, log=self._log)
        self._events.start()
        self._secrets.start()
        for informer in self._informers:
            informer.start()
        self._await_lists()
        if self._settings.stand_by:
            self._standby.start()
        self._vault.start()
        self._workers.start()
        self._shards.start()
        self._watchdog.watch("worker-", "watch-", "shards", "standby", "vault-tokens", "events")
        self._started = True
        self._log("info", "started", version=VERSION, identity=self._identity, workers=self._settings.workers)

    def stop(self) -> None:
        """What is under way is finished; the shards go back; the queue is forgotten: it holds names only."""
        self._queue.close()
        done = self._workers is None or self._workers.join(_GRACE)
        if self._started:
            self._standby.stop()
            self._shards.stop()
            self._vault.close()
            for informer in self._informers:
                informer.stop()
            self._secrets.stop()
            self._events.close()
        self._http.close()
        self._kube.close()
        self._log("info" if done else "warning", "ended", finished=done)

    def _await_lists(self) -> None:
        """Until everything was listed once: before that nobody can tell what is not there."""
        last = time.monotonic()
        while not all(event.is_set() for event in (*(one.synced for one in self._informers), self._secrets.synced)):
            time.sleep(0.05)
            if time.monotonic() - last > 30.0:
                last = time.monotonic()
                waiting = [one.type.plural for one in self._informers if not one.synced.is_set()]
                self._log("warning", "still waiting for lists", of=",".join(waiting) or "secrets")

    def _stores(self) -> dict[str, dict[Key, Resource]]:
        found: dict[str, dict[Key, Resource]] = {}
        for informer in self._informers:
            kind = informer.type.kind
            found[kind] = {**found[kind], **informer.objects} if kind in found else informer.objects
        return found

    def _wake(self, key: Key, resource: Resource | None) -> None:
        if key.kind not in KINDS:
            return
        if resource is None:
            self._metrics.forget(*key)
            self._memory.forget(key)
            self._queue.forget(key)
            if self._workers is not None:
                self._workers.forget(key)
            return
        first = key.kind not in SECRET_KINDS or bool(resource.deleting) or not exists_for_this_generation(resource)
        self._queue.add(key, first=first)

    def _wake_all(self) -> None:
        self._gained(None)

    def _gained(self, shard: int | None) -> None:
        if shard is not None:
            self._log("info", "took a shard", shard=shard)
        for informer in self._informers:
            for key, resource in list(informer.objects.items()):
                if shard is None or shard_of(key.namespace) == shard:
                    self._wake(key, resource)

    def _may_work(self, namespace: str) -> bool:
        return self._turn(namespace) == 0.0

    def _turn(self, namespace: str) -> float | None:
        """As `Workers` asks. What is dropped here is woken by whoever ends the reason: the shard's new holder, the end of standing by."""
        if not self._shards.owns(namespace) or (self._settings.stand_by and not self._standby.may_work()):
            return None
        return 0.0 if self._shards.holds(namespace) else 1.0

    def _secret_changed(self, namespace: str, name: str, uid: str) -> None:
        found = self._store.by_uid(uid)
        if found is not None:
            self._wake(found.key, found)

    def _watch_failed(self, problem: KubeError) -> None:
        self._metrics.count("keywave_kube_failures_total", problem.reason)
        self._log("warning", "a watch was cut off or refused", reason=problem.reason, told=str(problem))

    def _measure(self) -> None:
        first, refreshes, delayed = self._queue.depth()
        for lane, depth in (("first", first), ("refresh", refreshes), ("delayed", delayed)):
            self._metrics.set("keywave_queue_depth", depth, lane)
        self._metrics.set("keywave_queue_age_seconds", self._queue.age())
        if self._started:
            self._metrics.set("keywave_shards_held", self._shards.held())
            self._metrics.set("keywave_standing_by", float(self._settings.stand_by and not self._standby.active()))
            self._measure_objects()

    def _measure_objects(self) -> None:
        """Only of what this replica works on: after a move of shards two would tell of the same object, one of them what is old. Nothing
        while it stands by."""
        mine: set[Labels] = set()
        since: dict[Labels, float] = {}
        ends: dict[Labels, float] = {}
        namespaces: dict[str, bool] = {}
        for informer in self._informers:
            for key, resource in list(informer.objects.items()):
                if key.namespace not in namespaces:
                    namespaces[key.namespace] = self._may_work(key.namespace)
                if key.kind in KINDS and namespaces[key.namespace]:
                    mine.add(tuple(key))
                    whole = status_beside.seen(resource, self._memory)
                    for values, moment in ((since, out_of_sync_since(whole)), (ends, first_end(whole))):
                        if moment is not None:
                            values[tuple(key)] = moment
        self._metrics.keep(mine, namespaces)
        self._metrics.put_all("keywave_out_of_sync_since_seconds", since)
        self._metrics.put_all("keywave_lease_end_seconds", ends)

    def _bug(self, bug: BaseException) -> None:
        self._metrics.count("keywave_bugs_total")
        self._log("error", "a bug in keywave; please report it", type=type(bug).__name__, where=where_of(bug))

    def _healthy(self) -> str:
        if not self._started or self._workers is None:
            return ""  # it waits for the API server, which a restart would not bring back
        return self._workers.healthy() or self._watchdog.wrong()

    def _ready(self) -> str:
        if not self._started:
            return "not everything was listed yet"
        if self._settings.stand_by and not self._standby.active():
            return self._standby.why()
        return ""
