"""PKI: roles, issuers, names, times. Which names a role allows is held to Vault in tests/integration/test_vault_pki_names.py."""

from __future__ import annotations

import pytest
from verify_sets import dynamic, pki, raw, told, vault, view

from keywave.references.model import Certificate
from keywave.vault.inventory import Fact, State
from keywave.verify.pki import check_pki_names, check_pki_roles, check_pki_times
from keywave.verify.pki_names import Refused, refused

ROLE = {"allowed_domains": ("example.com",), "allow_subdomains": True, "max_ttl": 360000, "allow_ip_sans": False}
VAULT = vault(names={"pki/roles/": ("web",), "pki/issuers/": ("0a1b", "root")}, roles={"pki/roles/web": ROLE})


def test_a_role_that_is_not_there() -> None:
    assert told(check_pki_roles(view(VAULT, pki("wbe"), pki("web")))) == [
        (
            "KW8301",
            "error",
            "path",
            'the PKI engine at "pki" has no role "wbe"; it has "web"',
            'did you mean "web"? else: vault write pki/roles/wbe allowed_domains=DOMAIN allow_subdomains=true',
        )
    ]


def test_an_issuer_that_is_not_there() -> None:
    references = (pki(issuer="rooot"), pki(issuer="root"), pki(issuer="0a1b"), pki(issuer="default"))

    assert told(check_pki_roles(view(VAULT, *references))) == [
        (
            "KW8302",
            "error",
            "issuer",
            'the PKI engine at "pki" has no issuer "rooot"; it has "0a1b", "root"',
            'did you mean "root"? else: leave the issuer out, for that of the role',
        )
    ]


def test_names_that_the_role_does_not_allow() -> None:
    why = "allowed_domains of the role are example.com, of which it allows names below them"
    hint = "ask for a name that the role allows, or change pki/roles/web"
    asked = pki(common_name="www.example.org", alt_names=("www.example.com", "payments.shop.svc"))

    assert told(check_pki_names(view(VAULT, asked))) == [
        ("KW8303", "error", "commonName", f'pki/roles/web does not allow "www.example.org": {why}', hint),
        ("KW8303", "error", "altNames", f'pki/roles/web does not allow "payments.shop.svc": {why}', hint),
    ]


def test_names_in_the_parameters_of_a_plain_request_are_held_to_the_role_too() -> None:
    named = {"common_name": "www.example.org", "alt_names": "a.example.com,b.example.net", "ttl": "200h"}
    references = (
        dynamic("issue/web", mount="pki", params=named),
        raw("pki/issuer/root/issue/web", method="PUT", params={"common_name": "www.example.com"}),
        raw("pki/issue/web"),
        raw("pki/cert/ca", params={"common_name": "www.example.org"}),
    )

    found = [*check_pki_names(view(VAULT, *references)), *check_pki_times(view(VAULT, *references))]

    assert [(one.code, one.message.partition(":")[0]) for one in found] == [
        ("KW8303", 'pki/roles/web does not allow "www.example.org"'),
        ("KW8303", 'pki/roles/web does not allow "b.example.net"'),
        ("KW8305", "a certificate for 200h is asked for, Vault gives one for 100h"),
    ]


def test_an_address_that_the_role_does_not_allow() -> None:
    assert told(check_pki_names(view(VAULT, pki(ip_sans=("10.0.0.1",))))) == [
        (
            "KW8304",
            "error",
            "ipSans",
            'pki/roles/web does not allow "10.0.0.1": the role allows no IP addresses (allow_ip_sans)',
            "ask for a name that the role allows, or: vault patch pki/roles/web allow_ip_sans=true",
        )
    ]


def test_a_certificate_without_a_name() -> None:
    assert told(check_pki_names(view(VAULT, pki(common_name="")))) == [
        (
            "KW8303",
            "error",
            "commonName",
            "pki/roles/web gives no certificate without a name: the role wants a common name (require_cn)",
            "set commonName",
        )
    ]


def test_a_templated_domain_depends_on_the_identity() -> None:
    role = {**ROLE, "allowed_domains": ("{{identity.entity.name}}.example.com",), "allowed_domains_template": True}

    assert told(check_pki_names(view(vault(roles={"pki/roles/web": role}), pki()))) == [
        (
            "KW8303",
            "warning",
            "commonName",
            'whether pki/roles/web allows "www.example.com" depends on who asks: the role compares with the identity (a template or'
            " display name)",
            "nothing to do where the identity gives that name",
        )
    ]


def test_a_name_that_vault_leaves_out_without_a_word_is_told_as_such() -> None:
    message = told(check_pki_names(view(VAULT, pki(alt_names=("two words",)))))[0][3]

    assert message == (
        'pki/roles/web does not allow "two words": it is no name that a certificate can have for DNS (Vault 1.21 leaves the name out'
        " without a word, later ones refuse)"
    )


@pytest.mark.parametrize(
    ("role", "asked", "expected"),
    [
        ({"allow_any_name": True}, Certificate("any.thing"), []),
        (
            {"allow_any_name": True},
            Certificate("a", uri_sans=("spiffe://x",)),
            [Refused("spiffe://x", "uriSans", "allowed_uri_sans of the role are empty", other=True)],
        ),
        (
            {"allow_any_name": True, "allow_wildcard_certificates": False},
            Certificate("*.x.org"),
            [Refused("*.x.org", "commonName", "the role allows no wildcards (allow_wildcard_certificates)")],
        ),
        (
            {"allow_any_name": True},
            Certificate("a", user_ids=("bob",), other_sans=("1.2;x",)),
            [
                Refused("1.2;x", "otherSans", "it is not of the form OID;UTF8:TEXT", other=True),
                Refused("bob", "userIDs", "allowed_user_ids of the role are empty", other=True),
            ],
        ),
    ],
)
def test_what_a_role_refuses_and_why(role: dict[str, bool], asked: Certificate, expected: list[Refused]) -> None:
    assert refused(role, asked) == expected


def test_a_ttl_above_the_maximum_is_cut() -> None:
    assert told(check_pki_times(view(VAULT, pki(ttl=720000), pki(ttl=360000)))) == [
        (
            "KW8305",
            "warning",
            "ttl",
            "a certificate for 200h is asked for, Vault gives one for 100h: the max_ttl of pki/roles/web",
            "ask for ttl: 100h, or: vault patch pki/roles/web max_ttl=200h",
        )
    ]


def test_an_offset_as_long_as_the_certificate_or_too_short_to_matter() -> None:
    assert told(
        check_pki_times(view(VAULT, pki(expiry_offset=360000), pki(expiry_offset=3600), pki(expiry_offset=36000)))
    ) == [
        (
            "KW8306",
            "error",
            "expiryOffset",
            "expiryOffset is 100h, the certificate lives 100h: the operator asks for a new one at once, again and again",
            "set expiryOffset: 33h, or a longer ttl",
        ),
        (
            "KW8306",
            "warning",
            "expiryOffset",
            "expiryOffset is 1h, less than 6 % of the 100h that the certificate lives: the operator may renew it after its end",
            "set expiryOffset: 33h",
        ),
    ]


@pytest.mark.parametrize(("offset", "made_by"), [(720000, ""), (720000, "SecretIntent shop/x"), (3600, "")])
def test_an_offset_that_the_tree_itself_tells_is_not_told_again(offset: int, made_by: str) -> None:
    """KW5109 and KW1033 say it of the object's ttl."""
    reference = pki(ttl=360000, expiry_offset=offset)
    reference.manifest.made_by = made_by

    assert [f for f in check_pki_times(view(VAULT, reference)) if f.code == "KW8306"] == []


def test_a_name_that_no_role_can_have_is_that_of_no_role() -> None:
    unsupported = Fact(State.UNCLEAR, note="GET pki/roles/<role> answered 404: unsupported path")
    there = vault(roles={"pki/roles/<role>": unsupported})

    assert told(check_pki_roles(view(there, pki("<role>")))) == [
        (
            "KW8301",
            "error",
            "path",
            'the PKI engine at "pki" has no role "<role>"',
            "vault write pki/roles/<role> allowed_domains=DOMAIN allow_subdomains=true",
        )
    ]
