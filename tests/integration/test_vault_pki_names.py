"""The real Vault and `verify.pki_names` agree on which names a PKI role allows."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from typing import Any

import pytest

from keywave.references.model import Certificate
from keywave.vault.engines import keep
from keywave.verify.pki_names import refused
from rig.vault import Vault

MOUNT = "pki-names"
DOMAINS = (
    "example.com",
    "Example.COM",
    "apps.example.com",
    "*.example.com",
    "web-*.example.com",
    "*",
    "localhost",
    "svc",
    "a*.example.com",
    "",
    "xn--bcher-kva.example",
    "user@example.com",
)
NAMES = (
    "example.com",
    "EXAMPLE.com",
    "www.example.com",
    "WWW.Example.COM",
    "a.b.example.com",
    "notexample.com",
    ".example.com",
    "example.com.",
    "www.example.com.",
    "*.example.com",
    "*.EXAMPLE.com",
    "*",
    "*.com",
    "www.*.example.com",
    "*.*.example.com",
    "w*w.example.com",
    "web-1.example.com",
    "web-*.example.com",
    "*-x.example.com",
    "-x.example.com",
    "localhost",
    "localdomain",
    "www.localhost",
    "*.localhost",
    "payments.shop.svc",
    "under_score.example.com",
    "host^1.example.com",
    "two words",
    "bücher.example",
    "www.bücher.example",
    "*.bücher.example",
    "me@example.com",
    "me@sub.example.com",
    "me@*.example.com",
    "a@b@example.com",
    "user@example.com",
    "me@localhost",
    "a..example.com",
    "x" * 63 + ".example.com",
    "x" * 64 + ".example.com",
    "1.2.3.4",
    "apps.example.com",
    "x.apps.example.com",
)
FLAGS = (
    "allow_bare_domains",
    "allow_subdomains",
    "allow_glob_domains",
    "allow_wildcard_certificates",
    "allow_any_name",
    "allow_localhost",
    "enforce_hostnames",
    "require_cn",
    "allow_ip_sans",
)
RARE = ("allow_any_name",)
URIS = ("spiffe://example.com/shop/payments", "https://example.com/x", "spiffe://other.org/x")
URI_GLOBS = ("spiffe://example.com/*", "*", "spiffe://*/payments", "https://example.com/x", "spiffe://example.com/")
OTHERS = (
    "1.3.6.1.4.1.311.20.2.3;UTF8:me@example.com",
    "1.3.6.1.4.1.311.20.2.3;utf-8:you@example.org",
    "1.2.3;UTF8:x",
    "1.2.3;x",
    "1.2.3;IA5:x",
)
OTHER_GLOBS = ("1.3.6.1.4.1.311.20.2.3;UTF8:*@example.com", "*", "1.2.3;UTF8:x", "1.2.3;UTF8:y*")
USERS = ("alice", "Alice", "bob", "svc-payments")
USER_GLOBS = ("alice", "svc-*", "*", "BOB", "")
ADDRESSES = ("10.0.0.1", "::1", "fe80::1%eth0", "10.0.0.256", "010.0.0.1", "::ffff:10.0.0.1", "example.com")
ROLES, ASKED = 100, 16


@pytest.fixture(scope="module")
def issuing(vault: Vault) -> Iterator[Vault]:
    vault.enable(MOUNT, "pki")
    vault.write(f"{MOUNT}/root/generate/internal", {"common_name": "test root", "key_type": "ec", "ttl": "700h"})
    yield vault
    vault.request("DELETE", f"sys/mounts/{MOUNT}")


def some(chance: random.Random, values: tuple[str, ...], most: int) -> list[str]:
    return chance.sample(values, chance.randint(0, min(most, len(values))))


def a_role(chance: random.Random) -> dict[str, Any]:
    others = some(chance, OTHER_GLOBS, 2)
    flags = {flag: chance.random() < (0.15 if flag in RARE else 0.6) for flag in FLAGS}
    return {
        **flags,
        "key_type": "ec",
        "no_store": True,
        "allowed_domains": some(chance, DOMAINS, 3),
        "allowed_uri_sans": some(chance, URI_GLOBS, 2),
        "allowed_other_sans": ["*"] if "*" in others else others,
        "allowed_user_ids": some(chance, USER_GLOBS, 2),
        "cn_validations": chance.choice(
            (["email", "hostname"], ["email", "hostname"], ["hostname"], ["email"], ["disabled"])
        ),
    }


def a_certificate(chance: random.Random) -> Certificate:
    """Mostly one thing asked at a time beside the common name, so that a wrong yes is not hidden by a right no."""
    extra = chance.choice(("", "", "alt", "ip", "uri", "other", "user"))
    return Certificate(
        common_name=chance.choice(("", *NAMES)) if chance.random() < 0.9 else "",
        alt_names=tuple(some(chance, NAMES, 2)) if extra == "alt" else (),
        ip_sans=tuple(some(chance, ADDRESSES, 2)) if extra == "ip" else (),
        uri_sans=tuple(some(chance, URIS, 2)) if extra == "uri" else (),
        other_sans=tuple(some(chance, OTHERS, 2)) if extra == "other" else (),
        user_ids=tuple(some(chance, USERS, 2)) if extra == "user" else (),
        exclude_cn_from_sans=chance.random() < 0.3,
    )


def as_sent(asked: Certificate) -> dict[str, Any]:
    """The request of the operator."""
    return {
        "common_name": asked.common_name,
        "alt_names": ",".join(asked.alt_names),
        "ip_sans": ",".join(asked.ip_sans),
        "uri_sans": ",".join(asked.uri_sans),
        "other_sans": ",".join(asked.other_sans),
        "user_ids": ",".join(asked.user_ids),
        "exclude_cn_from_sans": asked.exclude_cn_from_sans,
        "ttl": "1h",
    }


def der(pem: str) -> bytes:
    return base64.b64decode("".join(line for line in pem.splitlines() if "-----" not in line))


@pytest.mark.parametrize("seed", range(ROLES))
def test_a_role_allows_what_vault_issues_and_nothing_else(issuing: Vault, seed: int) -> None:
    chance = random.Random(seed)
    name = f"r{seed}"
    issuing.write(f"{MOUNT}/roles/{name}", a_role(chance))
    role = keep(f"{MOUNT}/roles/{name}", "pki", issuing.read(f"{MOUNT}/roles/{name}") or {})

    differing = []
    for _ in range(ASKED):
        asked = a_certificate(chance)
        answer = issuing.request("POST", f"{MOUNT}/issue/{name}", as_sent(asked))
        every = refused(role, asked)
        ours = [one for one in every if not one.left_out]
        if answer.ok != (not ours):
            differing.append((dict(role), asked, answer.status, "" if answer.ok else answer.message, ours))

        elif answer.ok:
            given = der(answer.body["data"]["certificate"])
            left_out = [one.value for one in every if one.spot == "altNames" and one.value != asked.common_name]
            assert [value for value in left_out if len(value) > 5 and value.encode() in given] == []

    assert differing == [], repr(differing)


def test_about_as_many_requests_are_refused_as_are_issued() -> None:
    """Else the test above would say little: measured with our own answer, which it proves to be Vault's."""
    answers = []
    for seed in range(ROLES):
        chance = random.Random(seed)
        role = {k: tuple(v) if isinstance(v, list) else v for k, v in a_role(chance).items()}
        answers += [not refused(role, a_certificate(chance)) for _ in range(ASKED)]

    assert len(answers) == ROLES * ASKED
    assert 0.15 < sum(answers) / len(answers) < 0.85
