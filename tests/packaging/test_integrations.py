"""What integrations/ ships, read without any server."""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

TOP = Path(__file__).resolve().parents[2]
ARGOCD = TOP / "integrations" / "argocd"
HEALTH: dict[str, str] = yaml.safe_load((ARGOCD / "argocd-cm-health.yaml").read_text())["data"]
PREFIX = "resource.customizations.health."


def test_every_kind_has_its_script() -> None:
    assert sorted(key.removeprefix(PREFIX) for key in HEALTH) == [
        "argoproj.io_Application",
        "reconcile.keywave.dev_VaultCompositeSecret",
        "secrets.hashicorp.com_SecretTransformation",
        "secrets.hashicorp.com_VaultAuth",
        "secrets.hashicorp.com_VaultConnection",
        "secrets.hashicorp.com_VaultDynamicSecret",
        "secrets.hashicorp.com_VaultPKISecret",
        "secrets.hashicorp.com_VaultStaticSecret",
    ]


@pytest.mark.parametrize("key", sorted(HEALTH))
def test_no_script_needs_a_library_that_argo_cd_does_not_load(key: str) -> None:
    calls = set(
        re.findall(
            r"\b(string|os|io|math|coroutine|debug)\.\w+|:(?:find|match|gsub|format|sub|lower|upper)\(", HEALTH[key]
        )
    )

    assert calls == set()


@pytest.mark.parametrize("key", sorted(HEALTH))
def test_our_own_scripts_never_say_degraded(key: str) -> None:
    assert '"Degraded"' not in HEALTH[key]


def test_kinds_of_one_sort_share_one_script() -> None:
    secrets = {script for key, script in HEALTH.items() if key.endswith("Secret")}
    setup = {
        HEALTH[f"{PREFIX}secrets.hashicorp.com_{kind}"]
        for kind in ("VaultAuth", "VaultConnection", "SecretTransformation")
    }

    assert (len(secrets), len(setup)) == (1, 1)


def test_the_plugin_s_definition_is_the_one_at_the_top() -> None:
    assert (ARGOCD / "plugin.yaml").read_text() == (TOP / "argocd-cmp.yaml").read_text()


def sidecar() -> tuple[dict[str, Any], dict[str, Any]]:
    """The pod's spec in the patch, and the sidecar's container in it."""
    spec: dict[str, Any] = yaml.safe_load((ARGOCD / "repo-server-sidecar.yaml").read_text())["spec"]["template"]["spec"]
    (container,) = [each for each in spec["containers"] if each["name"] == "keywave"]
    return spec, container


def test_the_sidecar_is_what_argo_cd_asks_of_a_plugin() -> None:
    spec, container = sidecar()
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in spec["volumes"]}

    assert container["command"] == ["/var/run/argocd/argocd-cmp-server"]
    assert (container["securityContext"]["runAsUser"], container["securityContext"]["runAsNonRoot"]) == (999, True)
    assert mounts["/var/run/argocd"] == "var-files"
    assert mounts["/home/argocd/cmp-server/plugins"] == "plugins"
    assert mounts["/home/argocd/cmp-server/config/plugin.yaml"] == "keywave-plugin"
    assert volumes[mounts["/tmp"]] == {"name": "keywave-tmp", "emptyDir": {}}
    assert volumes["keywave-token"]["projected"]["sources"] == [
        {"serviceAccountToken": {"path": "token", "audience": "vault", "expirationSeconds": 3600}}
    ]
    # The two volumes of Argo CD's own are in its Deployment; all others come with the patch.
    assert set(mounts.values()) - set(volumes) == {"var-files", "plugins"}


def test_the_image_copies_all_that_is_installed() -> None:
    setup = configparser.ConfigParser()
    setup.read(TOP / "setup.cfg")
    sources = [line.partition("=")[2].strip() for line in setup["options"]["package_dir"].strip().splitlines()]
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", (ARGOCD / "Dockerfile").read_text(), re.MULTILINE)
        for source in line.split()
    ]

    assert set(sources) <= set(copied)
    assert [source for source in copied if not (TOP / source).exists()] == []


def test_the_sender_is_told_to_send_large_pieces() -> None:
    spec, container = sidecar()
    told = {
        c["name"]: [e["value"] for e in c["env"] if e["name"] == "ARGOCD_CMP_CHUNK_SIZE"] for c in spec["containers"]
    }

    assert told == {"argocd-repo-server": ["65536"], container["name"]: []}


@pytest.mark.parametrize("name", ["github/keywave.yml", "gitlab/keywave.yml"])
def test_pipelines_render_for_flux_and_push_a_reproducible_artifact(name: str) -> None:
    text = (TOP / "integrations" / "ci" / name).read_text()

    assert yaml.safe_load(text)
    assert "--target flux --out dist" in text
    assert "--reproducible" in text
    assert [use for use in re.findall(r"uses: \S+@(\S+)", text) if not re.fullmatch(r"v\d+(\.\d+)*", use)] == []
    assert re.findall(r"pip install (?!keywave==)", text) == []


def ci_commands(name: str) -> list[list[str]]:
    """Command lines of keywave in a CI file, variables as they stand."""
    import shlex

    text = (TOP / "integrations" / "ci" / name).read_text()
    lines = re.findall(r"^\s*(?:- )?(?:run: )?(keywave (?:verify|lock) .+)$", text, re.MULTILINE)
    return [shlex.split(line) for line in lines]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("github/keywave-verify.yml", ["verify"]),
        ("github/keywave-lock.yml", ["lock"]),
        ("gitlab/keywave-verify.yml", ["verify", "lock"]),
    ],
)
def test_the_pipelines_that_prove_call_keywave_as_it_is(name: str, wanted: list[str]) -> None:
    from keywave.commands.lock import lock
    from keywave.commands.verify import verify

    text = (TOP / "integrations" / "ci" / name).read_text()
    lines = ci_commands(name)
    for line in lines:
        (verify if line[1] == "verify" else lock).make_context(line[1], line[2:])

    assert yaml.safe_load(text)
    assert [line[1] for line in lines] == wanted
    assert [use for use in re.findall(r"uses: \S+@(\S+)", text) if not re.fullmatch(r"v\d+(\.\d+)*", use)] == []
    assert re.findall(r"pip install (?!keywave==)", text) == []
    assert "VAULT_TOKEN" not in text


def test_a_pull_request_is_proved_without_vault_and_shown_as_sarif() -> None:
    job = yaml.safe_load((TOP / "integrations/ci/github/keywave-verify.yml").read_text())
    steps = job["jobs"]["verify"]["steps"]

    assert job["permissions"] == {"contents": "read", "security-events": "write"}
    assert "--lock --max-age 14 --format sarif --out keywave.sarif" in steps[3]["run"]
    assert steps[4]["with"]["sarif_file"] == "keywave.sarif"
