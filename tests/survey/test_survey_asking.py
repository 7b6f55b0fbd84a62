"""What a survey asks of a Vault that is not as usual: engines that nobody knows, servers that are none, refusals that prove nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from survey_references import kv, login, reference

from keywave.survey import survey
from keywave.vault.faults import OutOfReach
from keywave.vault.inventory import Fact, State
from keywave.vault.wire import Request, Response

HEALTHY = Response(200, {"initialized": True, "sealed": False, "version": "1.21.1"})
RIGHTS = "sys/capabilities-self"


class Scripted:
    """Answers by path; what is not written is a 404. Every right is granted."""

    def __init__(self, answers: Mapping[str, Response]) -> None:
        self.answers = {"sys/health": HEALTHY, **answers}
        self.asked: list[tuple[str, str]] = []

    def ask(self, request: Request) -> Response:
        self.asked.append((request.method, request.path))
        if request.path == RIGHTS and RIGHTS not in self.answers:
            return Response(200, {path: ["read", "list"] for path in request.body["paths"]})
        return self.answers.get(request.path, Response(404))

    def ask_all(self, requests: Sequence[Request], progress: Any = None) -> list[Response]:
        return [self.ask(request) for request in requests]


def mounts(**types: str) -> Response:
    return Response(200, {f"{path}/": {"type": kind} for path, kind in types.items()})


def test_roles_of_an_engine_that_nobody_knows_are_listed_and_never_read() -> None:
    names = Response(200, {"keys": ["there"]})
    vault = Scripted({"sys/mounts": mounts(odd="keeps-values"), "odd/roles/": names})

    inventory = survey(vault, [reference("dynamic", "odd", "creds/there"), reference("dynamic", "odd", "creds/lost")])

    assert inventory.roles == {
        ("", "odd/roles/lost"): Fact(State.ABSENT),
        ("", "odd/roles/there"): Fact(State.PRESENT, {}),
    }
    assert {method for method, path in vault.asked if path.startswith("odd/")} == {"LIST"}


NO_VAULT = {
    "another service": (Response(404, {}, ("no route",)), "not-json"),
    "a page of JSON": (Response(200, {"status": "up"}), "not-json"),
    "a sealed one": (Response(299, {"initialized": True, "sealed": True, "version": "1.21.1"}), "sealed"),
    "a secondary for disasters": (
        Response(299, {"initialized": True, "sealed": False, "replication_dr_mode": "secondary"}),
        "standby",
    ),
}


@pytest.mark.parametrize(("health", "reason"), NO_VAULT.values(), ids=NO_VAULT)
def test_nothing_is_absent_in_what_is_no_vault_that_works(health: Response, reason: str) -> None:
    with pytest.raises(OutOfReach) as raised:
        survey(Scripted({"sys/health": health, "sys/mounts": mounts()}), [kv("kv", "app")])

    assert raised.value.reason == reason


def test_only_a_403_is_a_right_that_is_lacking() -> None:
    broken = Response(400, {}, ("some fault",))
    vault = Scripted({"sys/mounts": broken, "sys/internal/ui/mounts/kv/app": broken})

    inventory = survey(vault, [kv("kv", "app")])

    assert (inventory.mount_of("", "kv/app").state, inventory.lacking) == (State.UNCLEAR, ())


def test_a_faulty_answer_about_rights_is_no_right_that_is_lacking() -> None:
    known = {"sys/mounts": Response(200, {"kv/": {"type": "kv", "options": {"version": "2"}}})}
    vault = Scripted({**known, RIGHTS: Response(400, {}, ("some fault",)), "kv/subkeys/app": Response(403)})

    inventory = survey(vault, [kv("kv", "app")])

    assert inventory.lacking == (("", "kv/subkeys/app", "read"),)


@pytest.mark.parametrize(
    "path", ["roleset/x/token/token", "roleset/x/key/key", "key/x/key", "token/x/token", "static-account/x/token/token"]
)
def test_no_path_of_a_manifest_makes_the_gcp_engine_issue_a_token(path: str) -> None:
    vault = Scripted({"sys/mounts": mounts(gcp="gcp")})

    inventory = survey(vault, [reference("dynamic", "gcp", path)])

    assert [found.state for found in inventory.roles.values()] == [State.ABSENT]
    assert [asked for method, asked in vault.asked if method == "GET" and asked.startswith("gcp/")] == []


def test_nothing_below_a_role_is_read() -> None:
    known = {"sys/auth": mounts(approle="approle"), "sys/mounts": mounts(db="database", ldap="ldap")}
    vault = Scripted(known)
    identity = login("approle", "app/role-id", method="appRole")
    references = [reference("dynamic", mount, "creds/a/b", identity=identity) for mount in ("db", "ldap")]

    survey(vault, references)

    below = [path for method, path in vault.asked if method == "GET" and not path.startswith("sys/")]
    assert below == ["ldap/role/a/b"]
