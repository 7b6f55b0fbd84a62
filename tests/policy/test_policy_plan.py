"""Which policies and roles come of which references."""

from __future__ import annotations

from typing import Any

import pytest
from policy.policy_sets import VAULT, asks, kv, login

from keywave.policy.model import Grant, PlannedPolicy, PlannedRole, Skipped
from keywave.policy.plan import plan_policies
from keywave.references.model import Reference
from keywave.vault.inventory import Fact, Inventory, Mount, State, role_id_mark

READ = ("read",)


def rights(*references: Reference, inventory: Inventory | None = None) -> dict[str, list[str]]:
    """path -> capabilities, of the only policy."""
    ((target,), _, _) = plan_policies(references, lambda _: inventory)
    (policy,) = target.policies
    return {grant.path: list(grant.capabilities) for grant in policy.grants}


def role_of(*references: Reference) -> PlannedRole:
    ((target,), _, _) = plan_policies(references)
    (role,) = target.roles
    return role


@pytest.mark.parametrize(
    ("sentence", "reference", "expected"),
    [
        ("KV version 2 is read below data/", kv("dev/app"), {"kv/data/dev/app": ["read"]}),
        ("KV version 1 is read as it is", kv("dev/app", engine=1), {"kv/dev/app": ["read"]}),
        ("a version is of the same path", kv("dev/app", version=3), {"kv/data/dev/app": ["read"]}),
        (
            "a lease is read, and handed back by the operator",
            asks("dynamic", "database", "creds/ro"),
            {"database/creds/ro": ["read"], "sys/leases/revoke": ["update"]},
        ),
        (
            "what is asked with parameters is written",
            asks("dynamic", "aws", "sts/deploy", params={"ttl": "1h"}),
            {"aws/sts/deploy": ["update"], "sys/leases/revoke": ["update"]},
        ),
        ("a certificate is issued", asks("pki", "pki", "web"), {"pki/issue/web": ["update"]}),
        (
            "a certificate that is revoked at its end",
            asks("pki", "pki", "web", spec={"revoke": True}),
            {"pki/issue/web": ["update"], "pki/revoke": ["update"]},
        ),
        (
            "a lease that a pod's own agent holds is not revoked by path",
            asks("dynamic", "database", "creds/ro", family="injector"),
            {"database/creds/ro": ["read"]},
        ),
        (
            "a path as the CSI provider has it",
            asks("raw", "", "kv/data/dev/app", family="csi"),
            {"kv/data/dev/app": ["read"]},
        ),
        (
            "External Secrets that fetches custom metadata",
            kv("dev/app", family="eso", spec={"data": [{"remoteRef": {"key": "dev/app", "metadataPolicy": "Fetch"}}]}),
            {"kv/data/dev/app": ["read"], "kv/metadata/dev/app": ["read"]},
        ),
        (
            "External Secrets that does not",
            kv("dev/app", family="eso", spec={"data": [{"remoteRef": {"key": "dev/app"}}]}),
            {"kv/data/dev/app": ["read"]},
        ),
        (
            "a secret in a Vault namespace below that of the login",
            kv("dev/app", vault_namespace="team/a", identity=login(vault_namespace="team")),
            {"a/kv/data/dev/app": ["read"]},
        ),
    ],
)
def test_a_reference_needs(sentence: str, reference: Reference, expected: dict[str, list[str]]) -> None:
    del sentence
    assert rights(reference) == expected


def test_an_inventory_tells_that_a_mount_is_of_version_2() -> None:
    known = Inventory(mounts={("", "team/kv"): Fact(State.PRESENT, Mount("team/kv", "kv", 2))})
    reference = asks("raw", "", "team/kv/dev/app", family="injector")

    assert rights(reference, inventory=known) == {"team/kv/data/dev/app": ["read"]}
    ((_,), _, notes) = plan_policies([reference])
    assert notes == (
        "Pod shop/app: team/kv/dev/app is granted as it is written; if its mount is KV version 2, the agent asks below data/: "
        "run with --lock or --live",
    )


def test_leases_are_revoked_only_below_the_paths_that_gave_them() -> None:
    ((target,), _, _) = plan_policies(
        [asks("dynamic", "database", "creds/rw"), asks("dynamic", "database", "creds/ro")]
    )

    assert target.policies[0].grants[-1] == Grant(
        "sys/leases/revoke",
        ("update",),
        {"lease_id": ("database/creds/ro/*", "database/creds/rw/*")},
        ("VaultDynamicSecret shop/ro", "VaultDynamicSecret shop/rw"),
    )


def test_a_plan_is_one_policy_and_one_role_for_a_login() -> None:
    plan = plan_policies([kv("dev/b"), kv("dev/a"), kv("dev/a")])

    assert plan.targets[0] == (
        VAULT,
        (
            PlannedPolicy(
                "shop",
                "",
                (
                    Grant("kv/data/dev/a", READ, why=("VaultStaticSecret shop/a",)),
                    Grant("kv/data/dev/b", READ, why=("VaultStaticSecret shop/b",)),
                ),
            ),
        ),
        (PlannedRole("kubernetes", "kubernetes", "shop", "", ("shop",), (("shop", "app"),), ("vault",)),),
    )
    assert (plan.skipped, plan.notes) == ((), ())


@pytest.mark.parametrize(
    ("sentence", "reference", "skipped"),
    [
        (
            "a login that the tree does not hold",
            kv("dev/app", identity=login(known=False, label="the operator's default")),
            Skipped("the operator's default", "the tree does not hold this login", ("kv/dev/app",)),
        ),
        (
            "a name that a policy reads as a pattern",
            kv("dev/app*"),
            Skipped(
                "VaultStaticSecret shop/app*",
                "a policy takes * at the end and + as a segment for patterns, so it cannot name just kv/data/dev/app*",
                ("kv/dev/app*",),
            ),
        ),
        (
            "a name that a policy reads as a template",
            kv("dev/{{x}}"),
            Skipped(
                "VaultStaticSecret shop/{{x}}",
                "a policy takes {{ for a template, so it cannot name just kv/data/dev/{{x}}",
                ("kv/dev/{{x}}",),
            ),
        ),
        (
            "a Vault namespace beside that of the login",
            kv("dev/app", vault_namespace="b", identity=login(vault_namespace="a")),
            Skipped(
                "VaultStaticSecret shop/app",
                "the login is in the Vault namespace 'a', which is not above 'b': no policy there can grant it",
                ("kv/dev/app",),
            ),
        ),
    ],
)
def test_what_cannot_be_written_is_told(sentence: str, reference: Reference, skipped: Skipped) -> None:
    del sentence
    plan = plan_policies([reference])

    assert (plan.targets, plan.skipped) == ((), (skipped,))


@pytest.mark.parametrize(
    ("sentence", "identities", "fields"),
    [
        (
            "a ServiceAccount by its token",
            [login()],
            {
                "bound_service_account_names": ["app"],
                "bound_service_account_namespaces": ["shop"],
                "audience": "vault",
                "token_policies": ["shop"],
                "token_ttl": 3600,
            },
        ),
        (
            "a ServiceAccount by the claims of its token",
            [login(method="jwt", mount="jwt")],
            {
                "role_type": "jwt",
                "user_claim": "sub",
                "bound_subject": "system:serviceaccount:shop:app",
                "bound_audiences": ["vault"],
                "token_policies": ["shop"],
                "token_ttl": 3600,
            },
        ),
        (
            "an AppRole by its RoleID",
            [login("", "", method="appRole", mount="approle", role_id="4711", label="VaultAuth shop/app")],
            {"bind_secret_id": True, "role_id": "4711", "token_policies": ["shop-app"], "token_ttl": 3600},
        ),
    ],
)
def test_a_role_binds(sentence: str, identities: list[Any], fields: dict[str, Any]) -> None:
    del sentence
    assert role_of(*(kv("dev/app", identity=each) for each in identities)).fields == fields


def test_an_approle_keeps_the_name_that_vault_knows_its_role_id_by() -> None:
    identity = login("", "", method="appRole", mount="approle", role_id="4711", label="VaultAuth shop/app")
    known = Inventory(
        roles={("", "auth/approle/role/payments"): Fact(State.PRESENT, {"role_id": role_id_mark("4711")})}
    )

    ((target,), _, _) = plan_policies([kv("dev/app", identity=identity)], lambda _: known)

    assert [(p.name, r.path) for p, r in zip(target.policies, target.roles, strict=True)] == [
        ("payments", "auth/approle/role/payments")
    ]


def test_service_accounts_that_share_a_role_are_united_and_told() -> None:
    one, other = login("shared", "a", namespace="x"), login("shared", "b", namespace="y", audiences=("other",))

    plan = plan_policies([kv("dev/a", identity=one), kv("dev/b", identity=other)])

    (role,) = plan.targets[0].roles
    assert (role.accounts, role.audiences) == ((("x", "a"), ("y", "b")), ())
    assert plan.notes == (
        "role auth/kubernetes/role/shared: its logins ask for tokens of no common audience and a role holds but one, so none is set; "
        "give them one audience",
        "role auth/kubernetes/role/shared is shared by x/a, y/b: each may read what any of them needs; a role a ServiceAccount is "
        "narrower",
        "role auth/kubernetes/role/shared binds every one of these names in every one of these namespaces: Vault has no pairs",
    )


def test_one_login_that_is_written_in_two_places_is_one() -> None:
    written = asks("kv", "kv", "dev/b").manifest
    twice = [login(), login(label="VaultAuth shop/copy", spots={"role": (written, ("spec", "role"))})]

    assert role_of(*(kv("dev/app", identity=each) for each in twice)).accounts == (("shop", "app"),)


def test_a_login_by_cloud_gets_a_policy_and_a_word_about_its_role() -> None:
    plan = plan_policies([kv("dev/app", identity=login(method="aws", mount="aws"))])

    assert ([p.name for p in plan.targets[0].policies], plan.targets[0].roles) == (["shop"], ())
    assert plan.notes == (
        "role auth/aws/role/shop: whom a login by aws belongs to does not stand in the tree; only the policy 'shop' is written",
    )


@pytest.mark.parametrize(
    ("sentence", "identities", "names"),
    [
        ("as the role", [login("Shop")], ["shop"]),
        ("two roles of one name on two mounts", [login(mount="a"), login(mount="b")], ["a-shop", "b-shop"]),
        ("a role called default must not replace Vault's own policy", [login("default")], ["kubernetes-default"]),
    ],
)
def test_policies_are_named(sentence: str, identities: list[Any], names: list[str]) -> None:
    del sentence
    plan = plan_policies([kv("dev/app", identity=each) for each in identities])

    assert [policy.name for policy in plan.targets[0].policies] == names
    assert [role.policies for role in plan.targets[0].roles] == [(name,) for name in names]


def test_a_pattern_names_policies() -> None:
    plan = plan_policies([kv("dev/app")], name="kw-{mount}-{role}")

    assert plan.targets[0].policies[0].name == "kw-kubernetes-shop"


def test_instant_updates_are_told_and_not_granted() -> None:
    plan = plan_policies([kv("dev/app", spec={"syncConfig": {"instantUpdates": True}})])

    assert [grant.path for grant in plan.targets[0].policies[0].grants] == ["kv/data/dev/app"]
    assert plan.notes == (
        "VaultStaticSecret shop/app: instantUpdates needs subscribe and list on its path and read on sys/events/subscribe/kv* too "
        "(Vault Enterprise), which is not written",
    )


def test_a_login_in_a_namespace_that_nobody_knows_gets_a_policy_alone() -> None:
    (target,), _, notes = plan_policies([kv("app", identity=login(namespace="", label="Pod app"))])

    assert ([policy.name for policy in target.policies], target.roles) == (["shop"], ())
    assert notes == (
        "role auth/kubernetes/role/shop: which namespace its ServiceAccounts are in does not stand in the tree "
        "(say --destination-namespace); only the policy 'shop' is written",
    )


def test_a_name_that_is_made_up_for_an_approle_is_told() -> None:
    identity = login("", "", method="appRole", mount="approle", role_id="4711", label="VaultAuth shop/app")

    _, _, notes = plan_policies([kv("app", identity=identity)])

    assert notes == (
        "role auth/approle/role/shop-app is a name made up here: a role with this RoleID may be there already, and Vault refuses a "
        "second one (role_id already in use); --lock or --live finds its name",
    )


def test_the_role_of_a_login_by_a_serviceaccounts_token_is_of_its_mounts_type() -> None:
    known = Inventory(auths={("", "jwt"): Fact(State.PRESENT, Mount("jwt", "jwt"))})

    ((target,), _, _) = plan_policies(
        [asks("raw", "", "kv/data/app", family="csi", identity=login(mount="jwt"))], lambda _: known
    )

    assert [(role.method, role.fields["role_type"], role.fields["bound_subject"]) for role in target.roles] == [
        ("jwt", "jwt", "system:serviceaccount:shop:app")
    ]


def test_a_template_that_reads_version_2_is_granted_below_data_without_any_mount_known() -> None:
    reference = asks("raw", "", "kv/prod/x", family="injector", engine=2)

    _, _, notes = plan_policies([reference])

    assert rights(reference) == {"kv/data/prod/x": ["read"]}
    assert [note for note in notes if "version" in note] == []


@pytest.mark.parametrize("known", [None, Inventory(mounts={("", "kv"): Fact(State.PRESENT, Mount("kv", "kv", 2))})])
def test_a_listing_is_granted_and_what_it_finds_is_told(known: Inventory | None) -> None:
    reference = asks("raw", "", "kv/metadata/prod", family="eso", method="LIST", engine=2)

    _, _, notes = plan_policies([reference], lambda _: known)

    assert rights(reference, inventory=known) == {"kv/metadata/prod": ["list"]}
    assert notes == (
        "Pod shop/prod lists kv/metadata/prod: reading what it finds there is not written, since that would be a pattern; add it, "
        "or name each secret",
    )
