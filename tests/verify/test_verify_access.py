"""Findings about rights: the policies of the login's role, evaluated as Vault does, told once for each login and path."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from login_samples import Told, codes, dynamic, identity, inventory, kv, pki, told

from keywave.references.model import Reference
from keywave.vault.inventory import Entity, Fact, Inventory, State
from keywave.verify.access import access_findings

APP = "VaultAuth shop/app"
READ = 'path "kv/data/dev/payments" { capabilities = ["read"] }'
ADD = f"add to the policy payments: {READ}, and vault policy write payments FILE"
AT_LEAST = " (at least these policies: what its entity or groups may add is not known)"


def policy(text: str) -> Inventory:
    return inventory(policies={"payments": text})


class Case(NamedTuple):
    vault: Inventory
    finding: Told
    use: Reference = kv(identity())


CASES = {
    "a policy that nobody wrote": Case(
        inventory({"token_policies": ("Paymnts", "payments")}),
        (
            "KW8501",
            "w VaultAuth spec.role",
            'role "app" of auth/kubernetes names the policy "paymnts", which Vault does not have and passes over without a word',
            f'did you mean "payments"? or write it: vault policy write paymnts FILE, with {READ}',
        ),
    ),
    "no rule covers it": Case(
        policy('path "kv/data/prod/payments" { capabilities = ["read"] }'),
        (
            "KW8502",
            "e VaultStaticSecret spec.path",
            f"{APP} may not read kv/data/dev/payments: no rule of the policies payments, default covers it{AT_LEAST}",
            ADD,
        ),
    ),
    "the closest rule does not grant it": Case(
        policy(
            'path "kv/data/*" { capabilities = ["read"] }\npath "kv/data/dev/payments" { capabilities = ["list", "create"] }'
        ),
        (
            "KW8502",
            "e VaultStaticSecret spec.path",
            f'{APP} may not read kv/data/dev/payments: the rule on "kv/data/dev/payments" of payments decides, and it grants create, '
            f"list{AT_LEAST}",
            ADD,
        ),
    ),
    "another policy denies it": Case(
        inventory(
            {"token_policies": ("payments", "freeze")},
            {"freeze": 'path "kv/data/dev/payments" { capabilities = ["deny"] }'},
        ),
        (
            "KW8502",
            "e VaultStaticSecret spec.path",
            f'{APP} may not read kv/data/dev/payments: the rule on "kv/data/dev/payments" of freeze decides, and it '
            f"denies{AT_LEAST}",
            'take the deny on "kv/data/dev/payments" out of the policy freeze',
        ),
    ),
    "a certificate needs update": Case(
        policy('path "pki/issue/web" { capabilities = ["read"] }'),
        (
            "KW8502",
            "e VaultStaticSecret spec.role",
            f'{APP} may not update pki/issue/web: the rule on "pki/issue/web" of payments decides, and it grants read{AT_LEAST}',
            'add to the policy payments: path "pki/issue/web" { capabilities = ["update"] }, and vault policy write payments FILE',
        ),
        pki(identity()),
    ),
    "a parameter is required": Case(
        policy('path "pki/issue/web" {\ncapabilities = ["update"]\nrequired_parameters = ["ticket"]\n}'),
        (
            "KW8503",
            "e VaultStaticSecret spec.role",
            f'{APP} may not update pki/issue/web with what is sent along: path "pki/issue/web" decides: the parameter ticket is '
            f"required{AT_LEAST}",
            "allow it in the policy payments; sent: common_name",
        ),
        pki(identity()),
    ),
    "the answer must be wrapped": Case(
        policy('path "kv/data/dev/payments" {\ncapabilities = ["read"]\nmin_wrapping_ttl = "1m"\n}'),
        (
            "KW8503",
            "e VaultStaticSecret spec.path",
            f'{APP} may not read kv/data/dev/payments with what is sent along: path "kv/data/dev/payments" decides: the answer must be '
            f"wrapped{AT_LEAST}",
            "allow it in the policy payments",
        ),
    ),
    "a pinned version is a parameter": Case(
        policy('path "kv/data/dev/payments" {\ncapabilities = ["read"]\nallowed_parameters = { "version" = ["2"] }\n}'),
        (
            "KW8503",
            "e VaultStaticSecret spec.path",
            f'{APP} may not read kv/data/dev/payments with what is sent along: path "kv/data/dev/payments" decides: the value of the '
            f"parameter version is not allowed{AT_LEAST}",
            "allow it in the policy payments; sent: version",
        ),
        kv(identity(), version=3),
    ),
    "a policy that cannot be read": Case(
        policy('path "kv/data/dev/payments" { capabilities = ["raed"] }'),
        (
            "KW8504",
            "e VaultAuth spec.role",
            f"the policy \"payments\" of {APP} cannot be read: line 1: path 'kv/data/dev/payments': 'raed' is no capability "
            "(create, read, update, patch, delete, list, sudo, subscribe, recover, deny)",
            "vault policy read payments, mend that line, vault policy write payments FILE",
        ),
    ),
    "it depends on the identity": Case(
        policy('path "kv/data/{{identity.entity.metadata.stage}}/payments" { capabilities = ["read"] }'),
        (
            "KW8505",
            "w VaultStaticSecret spec.path",
            f"whether {APP} may read kv/data/dev/payments depends on {{{{identity.entity.metadata.stage}}}} in the rule on "
            '"kv/data/{{identity.entity.metadata.stage}}/payments" of payments',
            "`keywave verify --live --login` asks the login itself",
        ),
    ),
    "data/ is forgotten": Case(
        policy('path "kv/dev/*" { capabilities = ["read"] }'),
        (
            "KW8506",
            "e VaultStaticSecret spec.path",
            f"{APP} may not read kv/data/dev/payments: the policies payments, default allow kv/dev/payments, without the data/ of KV "
            "version 2",
            f"write in the policy payments: {READ}",
        ),
    ),
    "the token may not renew itself": Case(
        inventory({"token_no_default_policy": True}),
        (
            "KW8508",
            "w VaultAuth spec.role",
            f'the token of {APP} may not use auth/token/renew-self; role "app" leaves the policy "default" out '
            f"(token_no_default_policy){AT_LEAST}",
            'add: path "auth/token/renew-self" { capabilities = ["update"] }',
        ),
    ),
    "the token may not renew its leases": Case(
        inventory(
            policies={
                "default": 'path "auth/token/renew-self" { capabilities = ["update"] }',
                "payments": 'path "database/creds/ro" { capabilities = ["read"] }',
            }
        ),
        (
            "KW8508",
            "w VaultAuth spec.role",
            f"the token of {APP} may not use sys/leases/renew{AT_LEAST}",
            'add: path "sys/leases/renew" { capabilities = ["update"] }',
        ),
        dynamic(identity()),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_right_that_is_lacking_is_one_finding(name: str) -> None:
    case = CASES[name]

    assert told(access_findings, case.vault, case.use) == [case.finding]


ACCESSOR = "identity.entity.aliases.auth_kubernetes_1"
ALLOWED = {
    "the right policy": inventory(),
    "a policy under its old name": inventory({"token_policies": None, "policies": ("payments",)}),
    "a name in capitals": inventory({"token_policies": ("PAYMENTS",)}),
    "the namespace of the login": policy(
        f'path "kv/data/dev/payments" {{ capabilities = ["list"] }}\npath "kv/data/dev/{{{{{ACCESSOR}.metadata.service_account_name}}}}" '
        '{ capabilities = ["read"] }'
    ),
    "the name of the alias": inventory(
        {"alias_name_source": "serviceaccount_name"},
        {"payments": f'path "kv/data/dev/payments*" {{ capabilities = ["read"] }}\n# {{{{{ACCESSOR}.name}}}}'},
    ),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_a_right_that_is_there_is_no_finding(name: str) -> None:
    assert told(access_findings, ALLOWED[name], kv(identity())) == []


def by_entity(entity: Entity | None) -> Inventory:
    fact: Fact[Entity] = Fact(State.ABSENT) if entity is None else Fact(State.PRESENT, entity)
    return inventory(
        {"alias_name_source": "serviceaccount_name", "token_policies": ("other",)},
        {"other": 'path "kv/data/x" { capabilities = ["read"] }'},
        entities={("", "kubernetes/shop/payments"): fact},
    )


def test_policies_of_the_entity_and_its_groups_count() -> None:
    entities = [Entity("1", policies=("payments",)), Entity("1", group_policies=("payments",))]

    assert [codes(access_findings, by_entity(entity), kv(identity())) for entity in entities] == [[], []]


def test_at_least_is_said_only_where_more_may_come() -> None:
    known = (None, Entity("1"), Entity("1", complete=False))
    messages = [told(access_findings, by_entity(entity), kv(identity()))[0][2] for entity in known]

    assert [message.endswith(AT_LEAST) for message in messages] == [False, False, True]


def test_metadata_of_a_known_entity_fills_a_template() -> None:
    text = 'path "kv/data/{{identity.entity.metadata.stage}}/payments" { capabilities = ["read"] }'
    vaults = [
        by_entity(Entity("1", metadata={"stage": stage}))._replace(
            policies={("", name): Fact(State.PRESENT, text) for name in ("other", "default")}
        )
        for stage in ("dev", "prod")
    ]

    assert [codes(access_findings, vault, kv(identity())) for vault in vaults] == [["KW8508"], ["KW8502", "KW8508"]]


def test_an_absent_policy_says_what_it_does_not_grant() -> None:
    vault = inventory({"token_policies": ("nobody",)})

    assert [finding[:3] for finding in told(access_findings, vault, kv(identity()))] == [
        (
            "KW8501",
            "e VaultAuth spec.role",
            'role "app" of auth/kubernetes names the policy "nobody", which Vault does not have and passes over without a word; '
            "not granted: kv/data/dev/payments",
        ),
        (
            "KW8502",
            "e VaultStaticSecret spec.path",
            f"{APP} may not read kv/data/dev/payments: no rule of the policies default covers it{AT_LEAST}",
        ),
    ]


def test_a_path_is_told_once_a_login() -> None:
    vault = policy('path "x" { capabilities = ["read"] }')
    other = identity(service_account="orders")
    uses = [kv(identity()), kv(identity()), kv(identity(), "dev/orders"), kv(other)]

    assert codes(access_findings, vault, *uses) == ["KW8502"] * 3


def test_a_path_that_is_wrong_needs_no_rule() -> None:
    vault = inventory(secrets=())._replace(secrets={("", "kv/dev/payments"): Fact(State.ABSENT)})
    wrong = [kv(identity()), kv(identity(), "data/dev/payments"), kv(identity())._replace(engine=1)]

    assert codes(access_findings, vault._replace(policies=policy("# nothing").policies), *wrong) == []


@pytest.mark.parametrize("state", [State.DENIED, State.UNCOVERED])
def test_what_an_unknown_policy_grants_is_not_judged(state: State) -> None:
    vault = inventory(policies={"payments": Fact(state)})

    assert codes(access_findings, vault, kv(identity())) == []


def test_a_login_in_a_parent_namespace_has_the_rest_before_its_paths() -> None:
    vault = inventory(policies={"payments": 'path "team/kv/data/dev/payments" { capabilities = ["read"] }'})
    below = vault._replace(
        mounts={("team", path): fact for (_, path), fact in vault.mounts.items()},
        secrets={("team", path): fact for (_, path), fact in vault.secrets.items()},
    )

    assert codes(access_findings, below, kv(identity())._replace(vault_namespace="team")) == []
