"""Everything goes wrong in a random order, and at the end the world is right: each Secret holds what Vault has, nothing was issued that
nobody ends, no workload was restarted without a change, no value was told.

The last lines of the run tell the seed; `KEYWAVE_CHAOS_SEED` repeats it, `KEYWAVE_CHAOS_SECONDS` makes it longer (`make soak`)."""

from __future__ import annotations

import calendar
import contextlib
import json
import random
import re
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chaos_storm import LEASE_SECONDS, Storm, identity
from chaos_watch import Watch, issued
from chaos_world import KINDS, LEASE, REFRESH, TOKEN, Change, World
from reconciler_tenant import tenant

from keywave.controller import restarts, timing
from rig import REPOSITORY, crds
from rig import etcd as etcd_driver
from rig import kubernetes as kubernetes_driver
from rig import vault as vault_driver
from rig.machine import ENVIRON
from rig.postgresql import PostgreSQL
from rig.tcp_proxy import tcp_proxy
from rig.waiting import wait_for

SECONDS = float(ENVIRON.get("KEYWAVE_CHAOS_SECONDS") or 0)
SEED = int(ENVIRON.get("KEYWAVE_CHAOS_SEED") or secrets.randbelow(10**6))
BOUND = (
    timing.refresh(REFRESH, 1.0)
    + timing.backoff(10**6, 1.0)  # the longest wait after the last failure
    + LEASE_SECONDS * 4 / 3  # until a dead replica's shards are taken
    + restarts.WINDOW
)
"""Seconds in which each Secret must be right again."""
QUIET = 6.0


class Chaos:
    """The storm, who watched it, and Vault's book of what it issued."""

    def __init__(self, storm: Storm, watch: Watch, book: Path, postgresql: PostgreSQL) -> None:
        self.storm, self.watch, self.book, self.postgresql = storm, watch, book, postgresql
        self.world = storm.world

    def issued(self) -> dict[str, int]:
        return issued(self.book, self.world.first.mount)

    def users(self) -> list[str]:
        """Of PostgreSQL, that Vault has made for these logins."""
        return self.postgresql.roles(f"v-{self.world.first.mount}-%")

    def excused(self, issued_at: float, *what: str) -> bool:
        """Whether an answer may have been lost then, with those that it was meant for: nobody can know of what it told."""
        upsets = [upset for upset in self.storm.upsets if upset.what.startswith(what)]
        return any(upset.began - 3 <= issued_at <= upset.ended + 3 for upset in upsets)


@pytest.fixture
def chaos(rig_folder: Path, postgresql: PostgreSQL) -> Iterator[Chaos]:
    folder, chance = rig_folder / f"storm-{secrets.token_hex(3)}", random.Random(SEED)
    with contextlib.ExitStack() as ends:
        store = ends.enter_context(etcd_driver.etcd(folder / "etcd"))
        cluster = ends.enter_context(kubernetes_driver.kube_apiserver(folder / "kube-apiserver", store))
        ends.enter_context(kubernetes_driver.kube_controller_manager(folder / "controllers", cluster))
        crds.install(cluster, crds.read_crds(sorted((REPOSITORY / "schemas" / "crds").glob("*.yaml"))))
        vault = ends.enter_context(vault_driver.stored_vault(folder / "vault"))
        book = folder / "audit.log"
        vault.now.request("PUT", "sys/audit/file", {"type": "file", "options": {"file_path": str(book)}})
        to_vault = ends.enter_context(tcp_proxy(vault.now.url))
        to_kubernetes = ends.enter_context(tcp_proxy(cluster.url))
        world = World(tenant(cluster, vault.now), f"http://{to_vault.address}", chance)
        world.fill(postgresql)
        storm = Storm(world, vault, to_vault, to_kubernetes, folder, chance, ends)
        ends.callback(storm.end)
        watch = Watch(world, lambda: storm.operators)
        watch.start()
        ends.callback(watch.end)
        yield Chaos(storm, watch, book, postgresql)


@pytest.mark.timeout(SECONDS + 600)
def test_after_the_storm_the_world_is_right(chaos: Chaos, record_property: Callable[[str, object], None]) -> None:
    record_property("KEYWAVE_CHAOS_SEED", SEED)
    try:
        _all_right(chaos)
    except AssertionError as wrong:
        told = "\n".join(f"{upset.began:.1f} - {upset.ended:.1f} {upset.what}" for upset in chaos.storm.upsets)
        logs = "\n".join(operator.server.tail(40) for operator in chaos.storm.operators)
        raise AssertionError(f"KEYWAVE_CHAOS_SEED={SEED}\n{wrong}\n{told}\n{logs}") from wrong


def _all_right(chaos: Chaos) -> None:
    storm, world = chaos.storm, chaos.world
    began = time.monotonic()
    _settled(chaos, "before the storm")
    assert world.generations().keys() >= {Change(shop.namespace, "web") for shop in world.shops}

    storm.rage(SECONDS)
    calm = time.monotonic()
    print(f"{calm - began:.0f} s of storm")

    _settled(chaos, "after it")
    print(f"right again after {time.monotonic() - calm:.1f} s of at most {BOUND:.0f} s")
    _both_work_and_restart_nothing(chaos)
    _credentials_let_in(chaos)
    _restarts_have_reasons(chaos)
    # Until then a token, or a lease, of a process that was killed may live on: nobody knows of it.
    time.sleep(max(calm + max(LEASE, TOKEN) + 2 - time.monotonic(), 0))
    _tokens_are_somebodys(chaos)
    _nothing_outlives_its_object(chaos)
    _ended_well(chaos)


def _settled(chaos: Chaos, when: str) -> None:
    wait_for(
        f"each Secret to hold what Vault has, {when}",
        lambda: not chaos.world.wrong(),
        timeout=BOUND,
        every=0.5,
        last=lambda: "\n".join(chaos.world.wrong()),
    )


def _both_work_and_restart_nothing(chaos: Chaos) -> None:
    """In a quiet while: each replica has half of the shards and works on all of its own; only what rotates meanwhile restarts workloads."""
    storm, world = chaos.storm, chaos.world
    alive = {identity(operator) for operator in storm.operators}
    shares = lambda: [operator.value("keywave_shards_held") for operator in storm.operators]  # noqa: E731
    wait_for("fair shares", lambda: shares() == [8, 8], timeout=4 * LEASE_SECONDS, last=lambda: str(shares()))
    assert set(storm.holders().values()) == alive
    worked = _worked(storm)
    before, issued_before = world.generations(), chaos.issued()
    time.sleep(QUIET)
    more = [sum(after.values()) - sum(then.values()) for then, after in zip(worked, _worked(storm), strict=True)]
    assert min(more) > 8, f"refreshes of the two in {QUIET:g} s: {more}"
    spaces = [set(each) for each in _worked(storm)]
    assert spaces[0] | spaces[1] == {shop.namespace for shop in world.shops}
    grown = {key: now - before[key] for key, now in world.generations().items() if now != before[key]}
    rotated = {name: count - issued_before.get(name, 0) for name, count in chaos.issued().items()}
    # The restart for what was issued just before the quiet began may come in it.
    assert all(key.name == "more" and by <= rotated.get(key.namespace, 0) + 1 for key, by in grown.items()), grown


def _worked(storm: Storm) -> list[dict[str, float]]:
    """Of each replica: successful reconciles by namespace."""
    pattern = re.compile(r'^vso_secret_sync_total\{[^}]*namespace="([^"]+)"\} (\S+)$', re.MULTILINE)
    found = []
    for operator in storm.operators:
        counted: dict[str, float] = {}
        for namespace, value in pattern.findall(operator.metrics()):
            counted[namespace] = counted.get(namespace, 0) + float(value)
        found.append(counted)
    return found


def _credentials_let_in(chaos: Chaos) -> None:
    for where, data in chaos.world.secrets().items():
        if where.name in ("creds", "mixed"):
            user, password = data["username"], data["password"]
            assert chaos.postgresql.query("SELECT 1", user=user, password=password) == ["1"], where


def _restarts_have_reasons(chaos: Chaos) -> None:
    """A workload is restarted at most once for each change of its secrets."""
    world, issued_now = chaos.world, chaos.issued()
    too_many = []
    for where, generation in world.generations().items():
        changes = world.writes[where.namespace]
        if where.name == "more":
            # The first ones restart nothing. A composite has a secret of the other workload, too.
            changes += issued_now.get(where.namespace, 0) - 1
        if generation - 1 > changes:
            diary = [f"{at:.1f} {what}" for space, at, what in world.diary if space == where.namespace]
            told = f"{where.namespace}/{where.name}: {generation - 1} restarts for {changes} changes"
            too_many.append("\n".join([told, *diary]))
    assert not too_many, "\n".join(too_many)


def _tokens_are_somebodys(chaos: Chaos) -> None:
    storm = chaos.storm

    def unknown() -> set[str]:
        held = sum(operator.value("keywave_vault_tokens") for operator in storm.operators)
        hang = set(_accessors(chaos.world))
        rest = set(storm.logins()) - hang
        return set() if len(rest) <= held else rest

    wait_for("each token to be held by a living process", lambda: not unknown(), timeout=TOKEN + 5, every=0.5)


def _accessors(world: World) -> list[str]:
    """Of the tokens that leases hang on."""
    statuses = [body.get("status") or {} for body in world.objects("VaultDynamicSecret", "VaultCompositeSecret")]
    parts = [*statuses, *(source for status in statuses for source in status.get("sources") or ())]
    return [part["token"]["accessor"] for part in parts if (part.get("token") or {}).get("accessor")]


def _nothing_outlives_its_object(chaos: Chaos) -> None:
    """All is deleted at once, logins and connections among it, in any order."""
    storm, world = chaos.storm, chaos.world
    objects = world.objects(*KINDS)
    storm.random.shuffle(objects)
    for body in objects:
        metadata = body["metadata"]
        world.cluster.delete(KINDS[body["kind"]], body["kind"], metadata["name"], metadata["namespace"])
    left = lambda: [f"{one['kind']} {one['metadata']['namespace']}" for one in world.objects(*KINDS)]  # noqa: E731
    wait_for("no object to be left", lambda: not left(), timeout=40, every=0.5, last=lambda: str(left()))
    wait_for("no lease to be left", lambda: not world.leases(), timeout=3, last=lambda: _whose(chaos))
    # Vault itself forgets a user that it made in the moment of its death.
    made = {name: float(name.rpartition("-")[2]) for name in chaos.users()}
    assert [name for name, at in made.items() if not chaos.excused(at, "kill Vault", "seal Vault")] == []
    lost = ("kill", "seal Vault", "network to Vault", "move", "revoke tokens")
    for serial in world.certificates():
        known = world.certificate(serial)
        if not known.get("revocation_time"):
            begins, ends = _dates(known["certificate"])
            assert ends < time.time() or chaos.excused(begins + 30, *lost), f"{serial} of {begins + 30} is not revoked"


def _whose(chaos: Chaos) -> str:
    """What Vault knows of the leases that are left, and when it was asked for what with each."""
    first, lines = chaos.world.first, []
    book = [line for line in chaos.book.read_text(errors="replace").splitlines() if '"type":"response"' in line]
    for role in ("app", "mixed"):
        for lease in first.leases(role):
            whole = f"{first.mount}-db/creds/{role}/{lease}"
            known = first.vault.request("PUT", "sys/leases/lookup", {"lease_id": whole}).body.get("data")
            asked = [json.loads(line) for line in book if whole in line]
            lines += [f"{known} {[(one['request']['path'], one['time']) for one in asked]}"]
    return "\n".join(lines)


def _dates(certificate: str) -> tuple[float, float]:
    """Vault sets the first one thirty seconds back."""
    done = subprocess.run(["openssl", "x509", "-noout", "-dates"], input=certificate, capture_output=True, text=True)
    texts = [line.partition("=")[2] for line in done.stdout.splitlines()]
    begins, ends = (calendar.timegm(time.strptime(text, "%b %d %H:%M:%S %Y GMT")) for text in texts)
    return begins, ends


def _ended_well(chaos: Chaos) -> None:
    storm = chaos.storm
    assert [operator.value("keywave_bugs_total") for operator in storm.operators] == [0, 0]
    chaos.watch.end()
    assert [operator.end() for operator in storm.operators] == [0, 0]
    wait_for("no token to be left", lambda: not storm.logins(), timeout=TOKEN + 5, every=0.5)
    logs = [operator.server.output() for operator in storm.all_operators]
    assert [log for log in logs if "Traceback" in log or "a bug in keywave" in log] == []
    assert len(chaos.watch.values) > 20
    assert chaos.watch.leaks(*logs) == []
