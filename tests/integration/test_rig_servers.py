"""The rig's smaller servers, each with one thing that only a real one does."""

from __future__ import annotations

import socket
import subprocess
import threading
from pathlib import Path

import pytest

from rig import http
from rig.git_daemon import GitDaemon
from rig.postgresql import LEGACY, PostgreSQL
from rig.redis import Redis
from rig.vault import Vault
from rig.yaml_meaning import YamlMeaning, YamlRefused


def test_vault_is_unsealed_and_keeps_versions(vault: Vault) -> None:
    assert http.request("GET", f"{vault.url}/v1/sys/health").body["sealed"] is False
    vault.put_kv("rig/db", {"user": "a"})
    vault.put_kv("rig/db", {"user": "b"})

    found = vault.read("secret/data/rig/db")
    assert found is not None
    assert (found["data"], found["metadata"]["version"]) == ({"user": "b"}, 2)
    assert vault.read("secret/data/rig/absent") is None


def test_vault_holds_a_token_to_its_policy(vault: Vault) -> None:
    vault.put_kv("rig/mine", {"a": "b"})
    vault.policy("rig-mine", 'path "secret/data/rig/mine" { capabilities = ["read"] }')
    reader = vault.as_token(vault.token_for("rig-mine"))

    assert reader.read("secret/data/rig/mine") is not None
    assert reader.request("GET", "secret/data/rig/other").status == 403


def test_redis_answers(redis: Redis) -> None:
    host, port = redis.address.split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(64) == b"+PONG\r\n"


def test_a_published_folder_can_be_cloned_with_its_newest_content(git_daemon: GitDaemon, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / ".gitignore").write_text("*.yaml\n")
    (tree / "a.yaml").write_text("a: 1\n")
    git_daemon.publish(tree, "rig-clone")
    (tree / "a.yaml").unlink()
    (tree / "b.yaml").write_text("b: 1\n")
    url = git_daemon.publish(tree, "rig-clone")

    subprocess.run(["git", "clone", "--quiet", url, tmp_path / "clone"], check=True)
    assert sorted(path.name for path in (tmp_path / "clone").glob("*.yaml")) == ["b.yaml"]


def test_kustomize_builds(kustomize: Path, tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("namePrefix: dev-\nresources: [a.yaml]\n")
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")

    built = subprocess.run([kustomize, "build", tmp_path], check=True, capture_output=True, text=True).stdout
    assert "name: dev-a" in built


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("0644", 420),
        ("0o644", 420),
        ("yes", True),
        ("1e3", 1000),
        ("1:30", "1:30"),
        ("~", None),
        ('"08"', "08"),
        ("2001-01-01", "2001-01-01"),
    ],
)
def test_the_helper_reads_scalars_as_kubernetes_does(yaml_meaning: YamlMeaning, text: str, meaning: object) -> None:
    assert yaml_meaning.value(f"a: {text}\n") == {"a": meaning}


def test_the_helper_splits_streams_and_refuses_duplicates(yaml_meaning: YamlMeaning) -> None:
    assert yaml_meaning.stream("a: 1\n---\nb: 2\n") == [{"a": 1}, {"b": 2}]
    assert yaml_meaning.split("a: 1\n---\nb: 2\n") == [b"a: 1\n", b"b: 2\n"]
    with pytest.raises(YamlRefused, match='key "a" already set'):
        yaml_meaning.strict("a: 1\na: 2\n")


def test_vault_makes_a_login_of_postgresql_and_keeps_a_static_one(vault: Vault, postgresql: PostgreSQL) -> None:
    vault.enable("rig-database", "database")
    vault.write(
        "rig-database/config/app",
        {
            "plugin_name": "postgresql-database-plugin",
            "connection_url": postgresql.vault_url,
            "username": postgresql.user,
            "password": postgresql.password,
            "allowed_roles": "*",
        },
    )
    create = "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"
    vault.write("rig-database/roles/short", {"db_name": "app", "creation_statements": create, "default_ttl": "1h"})
    vault.write("rig-database/static-roles/same", {"db_name": "app", "username": LEGACY, "rotation_period": "1h"})

    made, kept = vault.read("rig-database/creds/short"), vault.read("rig-database/static-creds/same")

    assert made is not None
    assert made["username"].startswith("v-")
    assert kept is not None
    assert kept["username"] == LEGACY


def test_an_answer_that_is_cut_is_no_answer() -> None:
    def serve() -> None:
        line, _ = door.accept()
        with line:
            line.recv(1000)
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(OSError, match="IncompleteRead"):
            http.request("GET", f"http://127.0.0.1:{door.getsockname()[1]}/")
        thread.join()
