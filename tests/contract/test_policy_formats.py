"""Every form of a plan, driven through the one dict: a new one is tested by being in it.

The names are the worst that a tree could hold. A shell script is run by sh with a stand-in for Vault's program, which writes down what
it was given; Terraform's text is read by python-hcl2.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import hcl2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from policy.policy_sets import VAULT, kv, login

from keywave.emit.tree import write_tree
from keywave.policy.formats import FORMATS, files
from keywave.policy.model import Grant, Plan, PlannedPolicy, PlannedRole, Target
from keywave.policy.plan import plan_policies
from keywave.policy.rules import policy_text, rules_of
from keywave.policy.terraform import RESOURCES
from keywave.vault.acl.policy import parse_policy

NAMES = sorted(FORMATS)
TRAPS = st.sampled_from(
    [
        *list("'\"$`\\@-#x/.,=ä\n\r\t\u2028 "),
        "${",
        "%{",
        "$(",
        "$$",
        "{{",
        "{%",
        "..",
        "EOF",
        "KEYWAVE_POLICY",
        "KEYWAVE_ROLE",
    ]
)
HOSTILE = st.lists(TRAPS, min_size=1, max_size=6).map("".join)
HOSTILE_EXAMPLE = "-'\"$(touch x)`id`${a}%{b}\nKEYWAVE_POLICY\nKEYWAVE_ROLE\n\\"


def target_of(name: str, role: str, path: str) -> Target:
    policy = PlannedPolicy(name, "", (Grant(path, ("read",), why=(f"Pod {role}",)),))
    kubernetes = PlannedRole("kubernetes", "k8s", role, "", (name,), ((role, "app"),), (path,))
    jwt = PlannedRole("jwt", role, name, "ns", ("else",), (("shop", path), ("shop", "b")), (name,))
    approle = PlannedRole("approle", "approle", role, "", (name,), role_id=path)
    return Target(VAULT._replace(address=name), (policy,), (approle, jwt, kubernetes))


def test_the_forms_that_the_command_line_offers() -> None:
    assert NAMES == ["cli", "hcl", "terraform"]


@pytest.mark.parametrize("form", NAMES)
def test_the_same_plan_gives_the_same_text_whatever_the_order_of_the_references(form: str) -> None:
    references = [kv("dev/a"), kv("dev/b", identity=login("other", "other")), kv("dev/c")]

    assert files(plan_policies(references), form) == files(plan_policies(references[::-1]), form)


@pytest.mark.parametrize("form", NAMES)
def test_two_vaults_get_a_folder_each(form: str) -> None:
    other = VAULT._replace(address="https://b:8200")
    plan = plan_policies([kv("dev/a"), kv("dev/a", vault=other, identity=login(vault=other))])

    folders = {path.partition("/")[0] for path in files(plan, form)}

    assert folders == {"https%3A%2F%2Fvault.example.com%3A8200", "https%3A%2F%2Fb%3A8200"}


@pytest.mark.parametrize("form", NAMES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=HOSTILE, role=HOSTILE, path=HOSTILE)
@example(HOSTILE_EXAMPLE, HOSTILE_EXAMPLE, HOSTILE_EXAMPLE)
def test_any_names_make_files_that_stay_inside_the_folder(form: str, name: str, role: str, path: str) -> None:
    found = files(Plan((target_of(name, role, path),)), form)

    with tempfile.TemporaryDirectory() as folder:
        write_tree(found, Path(folder) / "out")
        made = {str(p.relative_to(Path(folder) / "out")) for p in (Path(folder) / "out").rglob("*") if p.is_file()}
    assert made == {*found, ".keywave"}


@settings(max_examples=40, deadline=None)
@given(name=HOSTILE, role=HOSTILE, path=HOSTILE)
@example(HOSTILE_EXAMPLE, HOSTILE_EXAMPLE, HOSTILE_EXAMPLE)
def test_no_name_breaks_out_of_the_shell_script(name: str, role: str, path: str) -> None:
    target = target_of(name, role, path)

    said = run_by_sh(files(Plan((target,)), "cli")["apply.sh"])

    dashes = ["--"] if name.startswith("-") else []
    policies = [(["policy", "write", *dashes, name, "-"], policy_text(p)) for p in target.policies]
    roles = [
        (["write", *([f"-namespace={r.vault_namespace}"] if r.vault_namespace else []), r.path, "-"], r.fields)
        for r in target.roles
    ]
    assert [said[0], *((argv, json.loads(text)) for argv, text in said[1:])] == [*policies, *roles]


@settings(max_examples=40, deadline=None)
@given(name=HOSTILE, role=HOSTILE, path=HOSTILE)
@example(HOSTILE_EXAMPLE, HOSTILE_EXAMPLE, HOSTILE_EXAMPLE)
def test_no_name_breaks_out_of_the_hcl_files(name: str, role: str, path: str) -> None:
    # `{{` is Vault's own template in a path, which `plan` never lets through.
    target = target_of(name, role, re.sub(r"\{\{+", "{", path))

    found = files(Plan((target,)), "hcl")

    (policy,) = [text for file, text in found.items() if file.startswith("policies/")]
    read = parse_policy("p", policy).rules
    assert [rule._replace(line=0) for rule in read] == rules_of(target.policies[0].grants)
    roles = [json.loads(text) for file, text in found.items() if file.endswith(".json")]
    assert sorted(map(str, roles)) == sorted(str(each.fields) for each in target.roles)


@settings(max_examples=40, deadline=None)
@given(name=HOSTILE, role=HOSTILE, path=HOSTILE)
@example(HOSTILE_EXAMPLE, HOSTILE_EXAMPLE, HOSTILE_EXAMPLE)
def test_no_name_breaks_out_of_terraform(name: str, role: str, path: str) -> None:
    target = target_of(name, role, path)

    read = hcl2.loads(files(Plan((target,)), "terraform")["main.tf"])["resource"]

    (policy,) = [block for each in read for kind, block in each.items() if bare(kind) == "vault_policy"]
    ((label, arguments),) = policy.items()
    assert (meaning(arguments["name"]), meaning(arguments["policy"])) == (name, policy_text(target.policies[0]))
    seen = {bare(kind): next(iter(block.values())) for each in read for kind, block in each.items()}
    assert {meaning(seen[RESOURCES[r.method]]["role_name"]) for r in target.roles} == {r.name for r in target.roles}
    kubernetes = seen["vault_kubernetes_auth_backend_role"]
    assert [meaning(each) for each in kubernetes["bound_service_account_namespaces"]] == [role]
    assert meaning(kubernetes["audience"]) == path
    assert [reference(each) for each in kubernetes["token_policies"]] == [f"vault_policy.{bare(label)}.name"]
    assert meaning(seen["vault_jwt_auth_backend_role"]["bound_claims"]['"sub"']) == (
        f"system:serviceaccount:shop:{path},system:serviceaccount:shop:b"
    )
    assert meaning(seen["vault_approle_auth_backend_role"]["role_id"]) == path


def test_terraform_names_the_arguments_as_the_provider_has_them() -> None:
    read = hcl2.loads(files(Plan((target_of("p", "r", "kv/x"),)), "terraform")["main.tf"])["resource"]

    names = {bare(kind): sorted(k for k in next(iter(block.values())) if not k.startswith("__"))
             for each in read for kind, block in each.items()}  # fmt: skip
    assert names == {
        "vault_policy": ["name", "policy"],
        "vault_kubernetes_auth_backend_role": [
            "audience", "backend", "bound_service_account_names", "bound_service_account_namespaces",
            "role_name", "token_policies", "token_ttl",
        ],
        "vault_jwt_auth_backend_role": [
            "backend", "bound_audiences", "bound_claims", "namespace", "role_name", "role_type", "token_policies",
            "token_ttl", "user_claim",
        ],
        "vault_approle_auth_backend_role": ["backend", "bind_secret_id", "role_id", "role_name", "token_policies", "token_ttl"],
    }  # fmt: skip


STAND_IN = """#!{python}
import json, os, sys
with open(os.environ["SAID"], "a") as said:
    said.write(json.dumps([sys.argv[1:], sys.stdin.read()]) + chr(10))
"""


def run_by_sh(script: str) -> list[tuple[list[str], str]]:
    """What the script gave to `vault`: (arguments, stdin), in order. Nothing else may come of it."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "bin").mkdir()
        (place / "bin" / "vault").write_text(STAND_IN.format(python=sys.executable))
        (place / "bin" / "vault").chmod(0o755)
        (place / "work").mkdir()
        (place / "apply.sh").write_bytes(script.encode())
        done = subprocess.run(
            ["sh", str(place / "apply.sh")],
            env={"PATH": f"{place / 'bin'}:{os.environ['PATH']}", "SAID": str(place / "said"), "PYTHONUTF8": "1"},
            cwd=place / "work",
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert list((place / "work").iterdir()) == []
        return [tuple(json.loads(line)) for line in (place / "said").read_text().splitlines()]


def bare(label: str) -> str:
    return label.strip('"')


def reference(expression: str) -> str:
    return expression.removeprefix("${").removesuffix("}")


def meaning(shown: Any) -> str:
    """The text that an HCL 2 expression stands for; python-hcl2 keeps it as it is written."""
    text = str(shown)
    if text.startswith(("<<", '"<<')):
        lines = text.strip('"').split("\n")
        return "\n".join(lines[1:-1]) + "\n"
    assert (text[:1], text[-1:]) == ('"', '"'), text
    return _unescaped(text[1:-1])


def _unescaped(text: str) -> str:
    """HCL 2's rules: escapes after a backslash, `$${` and `%%{` for the sign itself; a live `${` is a mistake."""
    out, at = "", 0
    numbers: Mapping[str, int] = {"u": 4, "U": 8}
    plain: Mapping[str, str] = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
    while at < len(text):
        one, after = text[at], text[at + 1 : at + 2]
        if one == "\\" and after in numbers:
            width = numbers[after]
            out, at = out + chr(int(text[at + 2 : at + 2 + width], 16)), at + 2 + width
        elif one == "\\":
            out, at = out + plain[after], at + 2
        elif text[at : at + 3] in ("$${", "%%{"):
            out, at = out + text[at + 1 : at + 3], at + 3
        else:
            assert text[at : at + 2] not in ("${", "%{"), text
            out, at = out + one, at + 1
    return out
