"""Puts the parts together: client, watches, store, queue, workers, shards, Vault. The one place that knows them all."""

from __future__ import annotations

import os
import random
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from keywave._version import VERSION
from keywave.controller import mac
from keywave.controller.kinds.catalogue import KINDS
from keywave.controller.model import Key, Resource
from keywave.controller.ports import World
from keywave.controller.running import definitions
from keywave.controller.running.informer import Informer
from keywave.controller.running.measures import measure_objects
from keywave.controller.running.memory import ProcessMemory
from keywave.controller.running.patience import LASTING, until_answered
from keywave.controller.running.queue import WorkQueue
from keywave.controller.running.secret_view import SecretView
from keywave.controller.running.settings import Settings, listen_address
from keywave.controller.running.shards import Shards, shard_of
from keywave.controller.running.standby import StandBy
from keywave.controller.running.store import Store
from keywave.controller.running.workers import Workers, goes_first
from keywave.controller.status_beside import WholeLookup
from keywave.controller.types import TYPES
from keywave.controller.vault_access.access import VaultAccess
from keywave.controller.watching.events import EventRecorder
from keywave.controller.watching.http_server import HttpServer
from keywave.controller.watching.logs import where_of
from keywave.controller.watching.metrics import Metrics
from keywave.controller.watching.watchdog import Watchdog
from keywave.kube.api_server import ApiServer, KubeError
from keywave.kube.client import KubeClient

_GRACE = 15.0
"""Seconds for what is under way when the process is told to end: with what comes after it less than the thirty of the kubelet."""
_LEASE_REQUEST = 5.0
_LISTED = 300.0
"""Seconds. Lists that are refused for so long are refused for good, or until the process begins anew."""
T = TypeVar("T")


class Reconciler:
    """One process. `start` returns when everything runs, or when it was stopped; `stop`, from any thread, when everything has ended."""

    def __init__(self, settings: Settings, server: ApiServer, log: Callable[..., None]) -> None:
        self._settings, self._log = settings, log
        self._kube = KubeClient(server)
        # Connections of its own, and no patience: while one request hangs a shard would run out.
        self._kube_for_leases = KubeClient(server, timeout=min(settings.lease_seconds / 3, _LEASE_REQUEST))
        self._metrics = Metrics()
        self._metrics.set("keywave_build_info", 1.0, VERSION)
        self._identity = f"{os.environ.get('POD_NAME') or socket.gethostname()}-{secrets.token_hex(4)}".lower()
        self._queue = WorkQueue(time.monotonic, settings.workers)
        self._memory = ProcessMemory()
        self._informers: list[Informer] = []
        self._ends: list[Callable[[], None]] = []
        self._http = HttpServer(
            listen_address(settings.metrics_address),
            metrics=self._metrics.text,
            healthy=self._healthy,
            ready=self._ready,
            failed=self._bug,
        )
        self._began, self._refused = time.monotonic(), ""
        self._stopping, self._last_step = threading.Event(), threading.Lock()
        self._started = False
        self._workers: Workers | None = None
        self._watchdog = Watchdog(self._queue.age, lambda: self._metrics.total("keywave_reconcile_total"))
        self._metrics.before = self._measure

    def start(self) -> None:
        """Raises KubeError, MacKeyError, MissingDefinitions; any of them where it was stopped meanwhile."""
        settings = self._settings
        self._http.start()
        if settings.install_crds:
            self._asked(lambda: definitions.install_absent(self._kube, self._log))
        found = self._asked(lambda: definitions.served(self._kube, self._stopping.wait))
        spaces = settings.namespaces
        key = self._asked(lambda: mac.read_or_create(self._kube, settings.operator_namespace))
        self._secrets = SecretView(
            self._kube,
            key,
            watched=not spaces,
            changed=self._secret_changed,
            told=self._watch_failed,
            failed=self._bug,
        )
        self._store = Store(self._find, settings.operator_namespace, self._wake)
        self._informers = [
            Informer(self._kube, type, self._store.changed, namespace=space, told=self._watch_failed, failed=self._bug)
            for kind, type in TYPES.items()
            if kind not in found.absent
            # What is shared lives in the operator's namespace.
            for space in (dict.fromkeys((*spaces, settings.operator_namespace)) if spaces else ("",))
        ]
        self._places = {(one.type.kind, one.namespace): one.objects for one in self._informers}
        self._events = EventRecorder(self._kube, self._identity, time.time, failed=self._bug)
        self._vault = VaultAccess(
            self._kube, self._metrics, now=time.time, chance=random.random, workers=settings.workers
        )
        self._shards = Shards(
            self._kube_for_leases,
            settings.operator_namespace,
            self._identity,
            seconds=settings.lease_seconds,
            gained=self._gained,
            lost=self._lost,
            busy=lambda shard: (
                self._workers is not None and self._workers.busy_in(lambda namespace: shard_of(namespace) == shard)
            ),
            log=self._log,
            failed=self._bug,
        )
        places = tuple(dict.fromkeys((*spaces, settings.operator_namespace))) if spaces else ()
        self._standby = StandBy(
            self._kube_for_leases, places, begin=self._memory.clear, gone=self._wake_all, log=self._log
        )
        self._run(found.fields)

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
            log=self._log,
        )
        self._workers = Workers(
            self._queue,
            world,
            KINDS,
            count=self._settings.workers,
            turn=self._turn,
            still_ours=self._still_ours,
            log=self._log,
        )
        self._events.start()
        self._ends = [*(informer.stop for informer in self._informers), self._secrets.stop, self._events.close]
        self._secrets.start()
        for informer in self._informers:
            informer.start()
        if not self._await_lists():
            return
        self._tell_of_fresh_key()
        if self._settings.stand_by:
            self._standby.start()
        with self._last_step:
            if self._stopping.is_set():
                return
            self._vault.start()
            self._workers.start()
            self._shards.start()
            self._watchdog.watch("worker-", "watch-", "shards", "standby", "vault-tokens", "events")
            self._started = True
        self._log("info", "started", version=VERSION, identity=self._identity, workers=self._settings.workers)

    def stop(self) -> None:
        """What is under way is finished; the shards go back, idle ones at once; the queue is forgotten: it holds names only."""
        self._stopping.set()
        self._queue.close()
        done = True
        with self._last_step:
            started = self._started
        if started and self._workers is not None:
            self._shards.leave()
            done = self._workers.join(_GRACE)
            self._standby.stop()
            self._shards.stop()
            self._vault.close()
        for end in self._ends:
            end()
        self._http.close()
        self._kube_for_leases.close()
        self._kube.close()
        self._log("info" if done else "warning", "ended", finished=done)

    def _asked(self, ask: Callable[[], T]) -> T:
        return until_answered(ask, wait=self._stopping.wait, told=self._start_failed)

    def _await_lists(self) -> bool:
        """Until everything was listed once: before that nobody can tell what is not there. False where it was stopped before that."""
        last = time.monotonic()
        while waiting := self._not_listed():
            if self._stopping.wait(0.05):
                return False
            if time.monotonic() - last > 30.0:
                last = time.monotonic()
                self._log("warning", "still waiting for lists", of=waiting)
        return True

    def _not_listed(self) -> str:
        waiting = [one.type.plural for one in self._informers if not one.synced.is_set()]
        if not self._secrets.synced.is_set():
            waiting.append("secrets")
        return ",".join(dict.fromkeys(waiting))

    def _tell_of_fresh_key(self) -> None:
        if self._secrets.fresh_key:
            marked = sum("secretMAC" in found.status for one in self._informers for found in one.objects.values())
            if marked:
                told = "a new key of the keyed hashes was made, and objects have hashes of another one"
                self._log("warning", told, objects=marked, secret=mac.NAME)

    def _find(self, key: Key) -> Resource | None:
        space = key.namespace if self._settings.namespaces else ""
        return self._places.get((key.kind, space), {}).get(key)

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
        self._queue.add(key, first=goes_first(resource))

    def _wake_all(self) -> None:
        self._gained(None)

    def _gained(self, shard: int | None) -> None:
        if shard is not None:
            self._log("info", "took a shard", shard=shard)
            self._forget(shard)  # what a worker kept after the loss
        for informer in self._informers:
            for key, resource in list(informer.objects.items()):
                if shard is None or shard_of(key.namespace) == shard:
                    self._wake(key, resource)

    def _lost(self, shard: int) -> None:
        self._log("info", "gave a shard back", shard=shard)
        self._forget(shard)

    def _forget(self, shard: int) -> None:
        """Another replica works, or worked, on these objects: what was true of them need not be any more."""
        self._memory.forget_those(lambda namespace: shard_of(namespace) == shard)

    def _turn(self, namespace: str) -> float | None:
        """As `Workers` asks. What is dropped here is woken by whoever ends the reason: the shard's new holder, the end of standing by."""
        if not self._shards.owns(namespace) or (self._settings.stand_by and not self._standby.may_work()):
            return None
        return 0.0 if self._shards.holds(namespace) else 1.0

    def _still_ours(self, namespace: str) -> bool:
        """Whether what was begun may write. From memory: it is asked before each write."""
        return self._shards.still_holds(namespace) and (self._standby.active() or not self._settings.stand_by)

    def _works(self, namespace: str) -> bool:
        return self._still_ours(namespace) and self._shards.holds(namespace)

    def _secret_changed(self, namespace: str, name: str, uid: str) -> None:
        found = self._store.by_uid(uid)
        if found is not None:
            self._wake(found.key, found)

    def _watch_failed(self, problem: KubeError) -> None:
        self._refused = problem.reason
        self._metrics.count("keywave_kube_failures_total", problem.reason)
        self._log("warning", "a watch was cut off or refused", reason=problem.reason, told=str(problem))

    def _start_failed(self, problem: KubeError) -> None:
        self._refused = problem.reason
        self._metrics.count("keywave_kube_failures_total", problem.reason)
        self._log("warning", "cannot begin yet", reason=problem.reason, told=str(problem))

    def _measure(self) -> None:
        first, refreshes, delayed = self._queue.depth()
        for lane, depth in (("first", first), ("refresh", refreshes), ("delayed", delayed)):
            self._metrics.set("keywave_queue_depth", depth, lane)
        self._metrics.set("keywave_queue_age_seconds", self._queue.age())
        if self._started:
            self._metrics.set("keywave_shards_held", self._shards.held())
            self._metrics.set("keywave_standing_by", float(self._settings.stand_by and not self._standby.active()))
            measure_objects(self._metrics, self._informers, self._memory, works=self._works)

    def _bug(self, bug: BaseException) -> None:
        self._metrics.count("keywave_bugs_total")
        self._log("error", "a bug in keywave; please report it", type=type(bug).__name__, where=where_of(bug))

    def _healthy(self) -> str:
        if not self._started or self._workers is None:
            # An API server that is away does not come back by a restart; one that refuses for long is worth one, and people's eyes.
            long = time.monotonic() - self._began > _LISTED
            return self._waiting() if long and self._refused in LASTING else ""
        return self._workers.healthy() or self._watchdog.wrong()

    def _waiting(self) -> str:
        return f"not everything was listed yet{f' ({self._refused})' if self._refused else ''}"

    def _ready(self) -> str:
        if not self._started:
            return self._waiting()
        if self._settings.stand_by and not self._standby.active():
            return self._standby.why()
        return ""
