"""VaultAccess on a real Vault: what dies behind its back, what is shared, what is sealed, what a role is allowed later."""

from __future__ import annotations

import secrets
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from controller.fakes_for_vault import Door, approle, connection, login

from keywave.controller.login_plan import LoginPlan
from keywave.controller.ports import Health, Token
from keywave.controller.vault_access.gate import Gate
from keywave.controller.vault_access.trusted import Trusted
from keywave.vault.values import Payload, VaultFault, dynamic, kv1, kv2, lease_renew, lease_revoke
from rig import fault_proxy as faults
from rig.fault_proxy import FaultProxy
from rig.postgresql import PostgreSQL
from rig.tls import Authority
from rig.vault import Vault
from rig.waiting import wait_for

READ = 'path "secret/data/{name}" {{ capabilities = ["read"] }}'
NOTHING = 'path "x" { capabilities = ["deny"] }'


@pytest.fixture
def door() -> Iterator[Door]:
    with Door() as made:
        yield made


@pytest.fixture
def name() -> str:
    return f"door-{secrets.token_hex(3)}"


def reader(door: Door, vault: Vault, name: str, **role: object) -> LoginPlan:
    """A login that may read secret/data/<name>, where something is."""
    vault.put_kv(name, {"password": "first"})
    return approle(door, vault, name, READ.format(name=name), **role)


def read(door: Door, plan: LoginPlan, name: str, max_age: float = 0.0) -> Payload:
    return door.vault.read(plan, kv2("secret", name), max_age=max_age)


def refused(call: Callable[[], object]) -> VaultFault:
    with pytest.raises(VaultFault) as told:
        call()
    return told.value


def revoke(vault: Vault, token: Token) -> None:
    vault.write("auth/token/revoke-accessor", {"accessor": token.accessor})


def accessors(vault: Vault) -> set[str]:
    return set(vault.request("LIST", "auth/token/accessors").body["data"]["keys"])


def at(plan: LoginPlan, url: str, **fields: object) -> LoginPlan:
    return plan._replace(connection=connection(url, **fields))


def together(calls: list[Callable[[], object]]) -> list[object]:
    """What they give, or raise, when they all begin at once."""
    got: list[object] = []
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        start.wait()
        try:
            got.append(call())
        except VaultFault as fault:
            got.append(fault)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def test_a_token_revoked_behind_our_back_costs_one_login_and_no_read_fails(door: Door, vault: Vault, name: str) -> None:
    plan = reader(door, vault, name)
    paths = [f"{name}-{n}" for n in range(8)]
    vault.policy(name, f'path "secret/data/{name}*" {{ capabilities = ["read"] }}')
    for path in paths:
        vault.put_kv(path, {"password": path})
    read(door, plan, name)
    revoke(vault, door.vault.log_in(plan))
    got = together([lambda path=path: read(door, plan, path).data["password"] for path in paths])  # type: ignore[misc]

    assert (sorted(map(str, got)), door.counts.requests("login")) == (paths, 2)


def test_fifty_objects_that_want_one_path_ask_once_and_another_identity_asks_for_itself(
    door: Door, vault: Vault, name: str
) -> None:
    plan, stranger = reader(door, vault, name), approle(door, vault, f"{name}-other", NOTHING)
    got = together([lambda: read(door, plan, name, 30.0)] * 50)
    vault.put_kv(name, {"password": "second"})
    later = [read(door, plan, name, 30.0).data["password"] for _ in range(10)]
    other = refused(lambda: read(door, stranger, name, 30.0))
    fresh = read(door, plan, name, 0.0)

    assert [payload.data for payload in got if isinstance(payload, Payload)] == [{"password": "first"}] * 50
    assert (later, other.reason, fresh.data) == (["first"] * 10, "forbidden", {"password": "second"})
    assert door.counts.counted["keywave_vault_requests_total", "read", "ok"] == 2


def test_what_a_role_is_allowed_later_reaches_a_token_that_is_held_without_a_hand(
    door: Door, vault: Vault, name: str
) -> None:
    plan = approle(door, vault, name, NOTHING)
    vault.put_kv(name, {"password": "first"})
    vault.policy(f"{name}-more", READ.format(name=name))
    before = [refused(lambda: read(door, plan, name)).reason for _ in range(3)]
    vault.write(f"auth/{name}/role/app", {"token_policies": [name, f"{name}-more"]})
    door.ahead = 61
    after = read(door, plan, name).data
    logins = door.counts.requests("login")
    known = accessors(vault)
    forbidden = [refused(lambda: door.vault.read(plan, kv2("secret", "x"), max_age=0)).reason for _ in range(5)]
    door.ahead = 122
    forbidden.append(refused(lambda: door.vault.read(plan, kv2("secret", "x"), max_age=0)).reason)

    assert (before, after, logins) == (["forbidden"] * 3, {"password": "first"}, 2)
    assert forbidden == ["forbidden"] * 6
    assert (door.counts.requests("login"), accessors(vault)) == (3, known), "what did not help was given back"


def test_tokens_are_renewed_at_their_time_and_revoked_at_the_end(vault: Vault, name: str) -> None:
    with Door() as door:
        plan = reader(door, vault, name, token_ttl="30m")
        read(door, plan, name)
        token = door.vault.log_in(plan)
        for minutes in (10, 19, 21, 22):
            door.ahead = minutes * 60
            read(door, plan, name)
        renewals, logins = door.counts.requests("renew"), door.counts.requests("login")
        held = token.accessor in accessors(vault)

    assert (renewals, logins, held, token.accessor in accessors(vault)) == (1, 1, True, False)


def test_a_proof_of_the_login_leaves_neither_a_token_nor_a_lease_behind(
    door: Door, vault: Vault, name: str, postgresql: PostgreSQL
) -> None:
    plan = with_database(door, vault, name, postgresql)
    issued = door.vault.issue(plan, dynamic(name, "creds/app"))
    known = accessors(vault)
    tokens = []
    for minute in range(1, 4):
        door.ahead = minute * 61
        tokens.append(door.vault.log_in(plan).accessor)
    renewed = door.vault.issue(plan, lease_renew(issued.lease_id, 60))
    door.vault.issue(plan, lease_revoke(issued.lease_id))

    assert tokens == [issued.accessor] * 3
    assert (door.counts.requests("login"), accessors(vault)) == (4, known)
    assert renewed.lease_duration == 60


def with_database(door: Door, vault: Vault, name: str, postgresql: PostgreSQL) -> LoginPlan:
    rules = f'path "{name}/*" {{ capabilities = ["read"] }} path "sys/leases/*" {{ capabilities = ["update"] }}'
    plan = approle(door, vault, name, rules)
    vault.enable(name, "database")
    server = {"plugin_name": "postgresql-database-plugin", "connection_url": postgresql.vault_url, "allowed_roles": "*"}
    vault.write(f"{name}/config/shop", {**server, "username": postgresql.user, "password": postgresql.password})
    create = ["CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"]
    vault.write(f"{name}/roles/app", {"db_name": "shop", "creation_statements": create, "default_ttl": "60s"})
    return plan


def test_credentials_are_asked_for_once_even_where_a_kept_connection_is_cut(
    door: Door, vault: Vault, name: str, postgresql: PostgreSQL, fault_proxy: FaultProxy
) -> None:
    plan = at(with_database(door, vault, name, postgresql), fault_proxy.url)
    door.vault.log_in(plan)
    fault_proxy.fail(faults.cut(), f"{name}/creds", times=1)
    first = refused(lambda: door.vault.issue(plan, dynamic(name, "creds/app")))
    asked = fault_proxy.paths().count(f"{name}/creds/app")
    door.vault._asking.gate = Gate(time.monotonic)
    issued = door.vault.issue(plan, dynamic(name, "creds/app"))

    assert (first.reason, asked, bool(issued.lease_id)) == ("unreachable", 1, True)


def test_a_sealed_vault_is_told_as_sealed_and_asked_again_soon(
    door: Door, vault: Vault, name: str, fault_proxy: FaultProxy
) -> None:
    plan = at(reader(door, vault, name), fault_proxy.url)
    read(door, plan, name)
    fault_proxy.fail(faults.sealed())
    told = [refused(lambda: read(door, plan, name)) for _ in range(20)]
    asked = len(fault_proxy.asked)
    fault_proxy.heal()
    began = time.monotonic()
    payload = wait_for("the read to work again", lambda: works(door, plan, name), timeout=5)

    assert {(fault.reason, "is sealed" in fault.summary) for fault in told} == {("sealed", True)}
    assert (asked, payload.data) == (3, {"password": "first"}), "a login, a read, and one request while it is sealed"
    assert time.monotonic() - began < 1.5


def works(door: Door, plan: LoginPlan, name: str) -> Payload | None:
    try:
        return read(door, plan, name)
    except VaultFault:
        return None


def test_a_sealed_or_dead_vault_is_not_healthy(door: Door, vault: Vault, fault_proxy: FaultProxy) -> None:
    door.vault.health(connection(vault.url))
    body = {"initialized": True, "sealed": True, "standby": True, "version": "1.21.1"}
    fault_proxy.fail(faults.answers(299, body), "sys/health")
    sealed = refused(lambda: door.vault.health(connection(fault_proxy.url)))
    dead = refused(lambda: door.vault.health(connection("http://127.0.0.1:1")))

    assert (sealed.reason, dead.reason) == ("sealed", "unreachable")


LEADER = "https://10.0.0.1:8200"


@pytest.mark.parametrize(("leader", "forwards"), [(LEADER, True), ("", False)])
def test_a_standby_says_whether_requests_get_their_answers_all_the_same(
    door: Door, vault: Vault, fault_proxy: FaultProxy, leader: str, forwards: bool
) -> None:
    active = door.vault.health(connection(vault.url))
    body = {"initialized": True, "sealed": False, "standby": True, "version": "1.21.1"}
    fault_proxy.fail(faults.answers(299, body), "sys/health")
    fault_proxy.fail(faults.answers(200, {"ha_enabled": True, "leader_address": leader}), "sys/leader")

    assert (active, bool(active.version)) == (Health(False, False, active.version), True)
    assert door.vault.health(connection(fault_proxy.url)) == Health(True, forwards, "1.21.1")


def test_no_token_of_kubernetes_is_made_for_a_vault_that_is_away(door: Door) -> None:
    door.kube.accounts["team/app"] = {}
    settings = {"role": "app", "serviceAccount": "app"}
    plans = [login("http://127.0.0.1:1", "kubernetes", f"mount-{n}", settings) for n in range(20)]
    told = {refused(lambda plan=plan: door.vault.log_in(plan)).reason for plan in plans}  # type: ignore[misc]

    assert (told, len(door.kube.asked)) == ({"unreachable"}, 1)


def test_a_login_is_sent_once_whatever_becomes_of_the_connection(
    door: Door, vault: Vault, name: str, fault_proxy: FaultProxy
) -> None:
    plan = at(reader(door, vault, name), fault_proxy.url)
    read(door, plan, name)
    door.ahead = 61
    fault_proxy.fail(faults.cut(), "auth/", times=1)
    told = refused(lambda: door.vault.log_in(plan))

    assert (told.reason, fault_proxy.paths().count(f"auth/{name}/login")) == ("unreachable", 2)


def test_a_payload_says_whose_token_got_it_and_when_that_ends(
    door: Door, vault: Vault, name: str, postgresql: PostgreSQL
) -> None:
    plan = with_database(door, vault, name, postgresql)
    payload = door.vault.issue(plan, dynamic(name, "creds/app"))
    token = door.vault.log_in(plan)

    assert (payload.accessor, payload.token_expires, payload.token_renewable) == tuple(token)
    assert 1100 < payload.token_expires - time.time() <= 1200
    assert door.counts.requests("login") == 1


def test_a_clock_that_is_set_back_keeps_no_dead_token_and_no_refusal(vault: Vault, name: str) -> None:
    wall, ticks = [time.time()], [1000.0]
    with Door(now=lambda: wall[0], ticks=lambda: ticks[0]) as door:
        plan = reader(door, vault, name)
        read(door, plan, name)
        wall[0] -= 86_400
        ticks[0] += 1300  # longer than the token lives
        read(door, plan, name)
        logins = door.counts.requests("login")
        bad = plan._replace(settings=(("roleId", "none"), ("secretRef", name)))
        refused(lambda: read(door, bad, name))
        wall[0] -= 86_400
        ticks[0] += 30
        refused(lambda: read(door, bad, name))

    assert (logins, door.counts.requests("login")) == (2, 4)


def test_a_quota_of_vault_says_when_to_come_back(door: Door, vault: Vault, name: str, fault_proxy: FaultProxy) -> None:
    plan = at(reader(door, vault, name), fault_proxy.url)
    read(door, plan, name)
    fault_proxy.fail(faults.rate_limited("7"), "secret/", times=1)
    limited = refused(lambda: read(door, plan, name))

    assert (limited.reason, limited.retry_after) == ("rate-limited", 7.0)
    assert read(door, plan, name).data == {"password": "first"}, "a quota may be of one path: others go on"


CUTS = {
    "before any answer": faults.cut(),
    "in the middle": faults.cut(20),
    "a server error": faults.server_error(502),
    "no JSON": faults.not_json(),
    "more than a Secret can hold": faults.huge(4 << 20),
    "more than that, in pieces": faults.huge(4 << 20, chunked=True),
}


@pytest.mark.parametrize("how", CUTS)
def test_what_is_no_answer_is_unreachable_and_the_next_read_works(
    how: str, door: Door, vault: Vault, name: str, fault_proxy: FaultProxy, canary: str
) -> None:
    plan = at(reader(door, vault, name), fault_proxy.url)
    vault.put_kv(name, {"password": canary})
    read(door, plan, name)
    fault_proxy.fail(CUTS[how], "secret/", times=2)
    told = refused(lambda: read(door, plan, name))
    fault_proxy.heal()
    again = wait_for("the read to work again", lambda: works(door, plan, name), timeout=5)
    print(told, repr(told), repr(again), repr(plan), door.vault)

    assert (told.reason, again.version) == ("unreachable", 2)


def test_a_vault_that_is_silent_is_given_up_in_time_and_then_asked_by_one(
    door: Door, vault: Vault, name: str, fault_proxy: FaultProxy
) -> None:
    plan = at(reader(door, vault, name), fault_proxy.url, timeout=0.3)
    read(door, plan, name)
    fault_proxy.fail(faults.silent())
    began = time.monotonic()
    first = together([lambda: read(door, plan, name, 0.0), lambda: door.vault.log_in(plan)] * 4)
    rest = [refused(lambda: read(door, plan, name)).reason for _ in range(50)]

    assert {fault.reason for fault in first if isinstance(fault, VaultFault)} == {"unreachable"}
    assert (set(rest), time.monotonic() - began < 2.0) == ({"unreachable"}, True)


def test_the_ca_of_a_secret_the_server_name_and_no_check_at_all(
    door: Door, vault: Vault, name: str, certificates: Authority
) -> None:
    plan = reader(door, vault, name)
    right, elsewhere = certificates.leaf(f"{name}-1"), certificates.leaf(f"{name}-2", subject="DNS:vault.example.com")
    door.kube.secrets["team/ca"] = {"ca.crt": certificates.cert.read_text()}
    door.kube.secrets["team/bad"] = {"ca.crt": "no certificate"}
    with (
        faults.fault_proxy(vault.url, right.context()) as proxy,
        faults.fault_proxy(vault.url, elsewhere.context()) as named,
    ):
        works = [
            at(plan, proxy.url, ca_secret="ca"),
            at(plan, proxy.url, ca_path=str(certificates.cert)),
            at(plan, named.url, ca_secret="ca", server_name="vault.example.com"),
            at(plan, proxy.url, skip_verify=True),
            at(plan, named.url, skip_verify=True, ca_secret="bad"),
        ]
        assert [read(door, one, name).data["password"] for one in works] == ["first"] * 5
        told = [
            refused(lambda one=one: read(door, one, name))  # type: ignore[misc]
            for one in (
                at(plan, proxy.url),
                at(plan, named.url, ca_secret="ca"),
                at(plan, proxy.url, ca_secret="bad"),
                at(plan, proxy.url, ca_secret="absent"),
            )
        ]

    assert [(fault.reason, fault.summary.partition(": ")[2] or fault.summary) for fault in told] == [
        ("unreachable", told[0].summary.partition(": ")[2]),
        ("unreachable", "the certificate is not for the name 127.0.0.1"),
        ("invalid", "ca.crt of the Secret bad is not a certificate in PEM"),
        ("invalid", "there is no Secret team/absent (caCertSecretRef)"),
    ]
    assert "signed by a CA that is not trusted here" in told[0].summary


def test_a_new_ca_in_the_secret_is_found_after_a_failed_handshake_and_kept_while_kubernetes_is_away(
    door: Door, vault: Vault, name: str, certificates: Authority
) -> None:
    from keywave.kube.api_server import KubeError

    plan = reader(door, vault, name)
    door.kube.secrets["team/ca"] = {"ca.crt": vault_of_somebody_else(certificates)}
    leaf = certificates.leaf(name)
    with faults.fault_proxy(vault.url, leaf.context()) as proxy:
        tls = at(plan, proxy.url, ca_secret="ca")
        before = refused(lambda: read(door, tls, name))
        door.kube.secrets["team/ca"] = {"ca.crt": certificates.cert.read_text()}
        payload = wait_for("the new CA to be used", lambda: works(door, tls, name), timeout=5)
        look_again(door, tls)
        door.kube.fault = KubeError("refused", "no connection to Kubernetes")
        again = [read(door, tls, name).data]
        door.kube.fault = None
        for secret in ({}, {"ca.crt": "no certificate"}, None):
            look_again(door, tls)
            door.kube.secrets.pop("team/ca") if secret is None else door.kube.secrets.update({"team/ca": secret})
            again.append(read(door, tls, name).data)

    assert (before.reason, payload.data, again) == ("unreachable", {"password": "first"}, [{"password": "first"}] * 4)


def look_again(door: Door, plan: LoginPlan) -> None:
    """Its CA is due to be looked at."""
    door.vault._asking.pools._pools[plan.connection].checked = -1000.0


def test_a_file_with_a_new_ca_is_read_again_and_what_is_no_ca_changes_nothing(
    door: Door, vault: Vault, name: str, certificates: Authority, tmp_path: Path
) -> None:
    plan, file = reader(door, vault, name), tmp_path / "ca.crt"
    file.write_text(vault_of_somebody_else(certificates))
    with faults.fault_proxy(vault.url, certificates.leaf(name).context()) as proxy:
        tls = at(plan, proxy.url, ca_path=str(file))
        before = refused(lambda: read(door, tls, name))
        file.write_text(certificates.cert.read_text())
        payload = wait_for("the new CA to be used", lambda: works(door, tls, name), timeout=5)
        again = []
        for text in ("half a certifica", None):
            look_again(door, tls)
            file.write_text(text) if text else file.unlink()
            again.append(read(door, tls, name).data)

    assert (before.reason, payload.data, again) == ("unreachable", {"password": "first"}, [{"password": "first"}] * 2)


def vault_of_somebody_else(certificates: Authority) -> str:
    """A certificate that signed nothing."""
    return certificates.leaf("stranger", subject="DNS:stranger").cert.read_text()


def test_the_namespace_of_vault_and_the_headers_are_sent(
    door: Door, vault: Vault, name: str, fault_proxy: FaultProxy
) -> None:
    vault.put_kv(name, {"password": "first"})
    plan = at(reader(door, vault, name), fault_proxy.url)._replace(namespace="team a/b")
    fault_proxy.route("team%20a/b", vault.url)
    fault_proxy.route("other", vault.url)
    read(door, plan, name)
    door.vault.read(plan, kv2("secret", name, namespace="other"), max_age=0.0)

    assert [(asked.path, asked.namespace) for asked in fault_proxy.asked] == [
        (f"auth/{name}/login", "team%20a/b"),
        (f"secret/data/{name}", "team%20a/b"),
        (f"secret/data/{name}", "other"),
    ]


def test_a_header_of_the_vaultauth_goes_with_its_login_and_that_of_the_connection_with_everything() -> None:
    import http.server

    seen: list[tuple[str, str | None, str | None]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.answer({"auth": {"client_token": "t", "accessor": "a", "lease_duration": 60}})

        def do_GET(self) -> None:
            self.answer({"data": {"k": "v"}, "request_id": "1"})

        def answer(self, body: object) -> None:
            import json

            seen.append((self.command, self.headers["X-Login"], self.headers["X-Team"]))
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        door = Door()
        door.kube.accounts["team/app"] = {}
        own = connection(
            f"http://127.0.0.1:{server.server_address[1]}", headers=(("X-Login", "all"), ("X-Team", "shop"))
        )
        settings = {"role": "app", "serviceAccount": "app"}
        plan = login("", "kubernetes", "kubernetes", settings, connection=own, headers=(("x-login", "once"),))
        door.vault.read(plan, kv1("kv", "x"), max_age=0.0)
        door.vault.close()
    finally:
        server.shutdown()
        server.server_close()

    assert seen[:2] == [("POST", "once", "shop"), ("GET", "all", "shop")]


def test_a_proxy_of_the_operator_s_environment_leads_to_vault_unless_it_is_excepted(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hidden@127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "vault.inside.invalid")
    told = [
        refused(lambda host=host: door.vault.health(connection(f"https://{host}:8200"))).summary  # type: ignore[misc]
        for host in ("vault.outside.invalid", "vault.inside.invalid")
    ]

    assert told == [
        "Vault at https://vault.outside.invalid:8200 (by the proxy 127.0.0.1:1) refused the connection",
        "Vault at https://vault.inside.invalid:8200: the host vault.inside.invalid has no address",
    ]


def test_a_batch_token_serves_many_reads(door: Door, vault: Vault, name: str) -> None:
    plan = reader(door, vault, name, token_type="batch")
    for _ in range(5):
        read(door, plan, name)

    assert door.counts.requests("login") == 1


def test_a_secretid_in_a_file_and_files_that_are_none(
    door: Door, vault: Vault, name: str, tmp_path: Path, canary: str
) -> None:
    plan = reader(door, vault, name)
    settings = dict(plan.settings)
    (tmp_path / "id").write_text(door.kube.secrets[f"team/{name}"]["id"] + "\n")
    (tmp_path / "token").write_text(f"eyJ{canary}.eyJ{canary}.{canary}")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "link").symlink_to("/proc/self/environ")

    def of(file: str) -> LoginPlan:
        return plan._replace(settings=(("roleId", settings["roleId"]), ("secretIDPath", str(tmp_path / file))))

    told = [refused(lambda file=file: read(door, of(file), name)) for file in ("token", "empty", "link", "absent")]  # type: ignore[misc]

    assert read(door, of("id"), name).data == {"password": "first"}
    assert [(fault.reason, fault.summary.partition(" (secretIDPath) ")[2]) for fault in told] == [
        ("login", "holds something that is no SecretID"),
        ("login", "is empty"),
        ("login", "is the operator's own: it is no SecretID"),
        ("login", "cannot be read in the operator's container"),
    ]


def test_a_refused_login_says_what_vault_says_and_shows_no_value(
    door: Door, vault: Vault, name: str, canary: str
) -> None:
    plan = reader(door, vault, name)
    door.kube.secrets[f"team/{name}"] = {"id": canary}
    told = refused(lambda: read(door, plan, name))
    door.kube.secrets.clear()
    absent = refused(lambda: read(door, plan._replace(consumer_namespace="elsewhere"), name))
    print(told, repr(told), told.args)

    assert (told.summary, told.status) == (
        f"Vault refuses the appRole login at auth/{name}: invalid role or secret ID",
        400,
    )
    assert (absent.reason, absent.status) == ("login", 0)
    assert absent.summary == f"there is no Secret elsewhere/{name} with the login's id"


def test_another_process_keeps_a_token_alive_by_its_accessor_where_it_may(door: Door, vault: Vault, name: str) -> None:
    rules = 'path "auth/token/renew-accessor" { capabilities = ["update"] }'
    plan, plain = approle(door, vault, name, rules), approle(door, vault, f"{name}-plain", NOTHING)
    with Door() as before:
        before.kube.secrets = door.kube.secrets
        token = before.vault.log_in(plan)
        own = before.vault.renew_token(plan, token.accessor)
        left = door.vault.renew_token(plan, token.accessor)
        refusals = [door.vault.renew_token(plain, token.accessor), door.vault.renew_token(plan, "no-such-accessor")]
        revoke(vault, token)
        gone = door.vault.renew_token(plan, token.accessor)

    assert [round(seconds or 0, -2) for seconds in (own, left)] == [1200, 1200]
    assert (refusals, gone) == ([None, None], None)


def test_a_real_quota_of_vault_is_told_with_its_time(door: Door, vault: Vault, name: str) -> None:
    vault.enable(name, "kv", options={"version": "1"})
    vault.write(f"{name}/app", {"password": "first"})
    plan = approle(door, vault, name, f'path "{name}/*" {{ capabilities = ["read"] }}')
    before = vault.read("sys/quotas/config") or {}
    vault.write("sys/quotas/config", {**before, "enable_rate_limit_response_headers": True})
    vault.write(f"sys/quotas/rate-limit/{name}", {"path": f"{name}/", "rate": 1, "interval": "20s"})
    try:
        first = door.vault.read(plan, kv1(name, "app"), max_age=0.0)
        told = [refused(lambda: door.vault.read(plan, kv1(name, "app"), max_age=0.0)) for _ in range(3)]
    finally:
        vault.request("DELETE", f"sys/quotas/rate-limit/{name}")
        vault.write("sys/quotas/config", {**before, "enable_rate_limit_response_headers": False})

    assert first.data == {"password": "first"}
    assert [(fault.reason, 0 < fault.retry_after <= 20) for fault in told] == [("rate-limited", True)] * 3


def test_a_certificate_of_ours_is_shown_to_a_vault_that_asks_for_one_also_when_it_is_renewed(
    door: Door, vault: Vault, name: str, certificates: Authority
) -> None:
    plan = reader(door, vault, name)
    context = certificates.leaf(name).context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates.cert)
    ours, foreign = certificates.leaf(f"{name}-ours"), certificates.leaf(f"{name}-expired", expired=True)
    kept = {"tls.crt": ours.cert.read_text(), "tls.key": ours.key.read_text()}
    door.kube.secrets["team/ca"] = {"ca.crt": certificates.cert.read_text()}
    door.kube.secrets["team/shown"] = {"tls.crt": foreign.cert.read_text(), "tls.key": foreign.key.read_text()}
    door.kube.secrets["team/half"] = {"tls.crt": kept["tls.crt"]}
    door.kube.secrets["team/mixed"] = {**kept, "tls.key": foreign.key.read_text()}
    locked = subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-passout", "pass:secret", "-in", str(ours.key)], capture_output=True, text=True
    )
    door.kube.secrets["team/locked"] = {**kept, "tls.key": locked.stdout}
    with faults.fault_proxy(vault.url, context) as proxy:
        shown = at(plan, proxy.url, ca_secret="ca", client_secret="shown")
        assert refused(lambda: read(door, shown, name)).reason == "unreachable"
        door.kube.secrets["team/shown"] = kept
        assert wait_for("the new certificate to be shown", lambda: works(door, shown, name), timeout=5).data == {
            "password": "first"
        }
        for secret in ("half", "mixed", "locked", "absent"):
            told = refused(
                lambda secret=secret: read(door, at(plan, proxy.url, ca_secret="ca", client_secret=secret), name)
            )
            assert (told.reason, secret in told.summary, "tls.key" in told.summary) == (
                "invalid",
                True,
                secret != "absent",
            )
            assert "PRIVATE" not in str(told)
        assert refused(lambda: read(door, at(plan, proxy.url, ca_secret="ca"), name)).reason == "unreachable"


def test_no_text_shows_a_certificate_of_ours() -> None:
    assert (repr(Trusted(b"ca", b"key")), str(Trusted(b"ca", b"key"))) == ("Trusted()", "Trusted()")
