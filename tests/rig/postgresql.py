"""PostgreSQL, for Vault's database engine: a throw-away cluster on loopback, without syncing to disk.

It refuses to run as root, so root's tests run it as nobody, from a copy that nobody can read.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rig.machine import missing_command, plain_environment, program
from rig.ports import free_port
from rig.processes import Server, running

NOBODY = 65534
ADMIN = "vaultadmin"
LEGACY = "legacy"
"""A user that exists, for static roles: Vault changes its password."""


@dataclass(frozen=True)
class PostgreSQL:
    """`password` is the administrator's; Vault is given both."""

    port: int
    user: str
    password: str
    server: Server

    @property
    def vault_url(self) -> str:
        """For `connection_url` of Vault's postgresql-database-plugin."""
        return f"postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{self.port}/postgres?sslmode=disable"

    def roles(self, like: str) -> list[str]:
        """Names of the users that look so: what Vault has made and not taken away."""
        return self.query(f"SELECT rolname FROM pg_roles WHERE rolname LIKE '{like}' ORDER BY rolname")

    def query(self, sql: str, *, user: str = "", password: str = "") -> list[str]:
        """The first column of the answer, as the administrator or as that user. Raises AssertionError where it is refused."""
        where = [f"--port={self.port}", "--host=127.0.0.1", f"--username={user or self.user}", "--dbname=postgres"]
        env = plain_environment(Path("/nonexistent"), PGPASSWORD=password or self.password, PGCONNECT_TIMEOUT="5")
        argv = [_client("psql"), *where, "--no-psqlrc", "--tuples-only", "--no-align", f"--command={sql}"]
        done = subprocess.run(argv, env=env, capture_output=True, text=True)
        assert done.returncode == 0, f"psql: {done.stderr[-500:]}"
        return [line for line in done.stdout.splitlines() if line]


def _client(name: str) -> str:
    """A client program of the same installation as the server's."""
    return str(program("initdb").resolve().parent / name)


def _answers(port: int) -> bool:
    """Whether queries are answered: it listens before that, and refuses with "the database system is starting up"."""
    argv = [_client("pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}", "--dbname=postgres", "--timeout=2"]
    return subprocess.run(argv, env=plain_environment(Path("/nonexistent"))).returncode == 0


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[PostgreSQL]:
    programs = {name: program(name) for name in ("initdb", "postgres")}
    place = Path(tempfile.mkdtemp(prefix="kw-pg-"))
    try:
        prefix: list[str] = []
        if os.geteuid() == 0:
            programs = _copied(programs, place)
            prefix = _as_nobody()
        yield from _run(programs, prefix, place, folder)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _copied(programs: dict[str, Path], place: Path) -> dict[str, Path]:
    tree = programs["postgres"].resolve()
    # <tree>/pgserver/pginstall/bin/postgres; another installation is used where it lies.
    if tree.parents[2].name == "pgserver":
        shutil.copytree(tree.parents[3], place / "tree", symlinks=True)
        programs = {
            name: place / "tree" / path.resolve().relative_to(tree.parents[3]) for name, path in programs.items()
        }
    os.chown(place, NOBODY, NOBODY)
    return programs


def _as_nobody() -> list[str]:
    found = shutil.which("setpriv")
    if found is None:
        missing_command("setpriv")
    return [found, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--pdeathsig=SIGTERM"]


def _run(programs: dict[str, Path], prefix: list[str], place: Path, folder: Path) -> Iterator[PostgreSQL]:
    port, password, env = free_port(), secrets.token_hex(8), plain_environment(place)
    secret = place / "password"
    secret.write_text(password)
    secret.chmod(0o644)
    data = place / "data"
    init = ["-D", str(data), "-U", ADMIN, f"--pwfile={secret}", "--auth=scram-sha-256", "--no-sync", "-E", "UTF8"]
    done = subprocess.run(
        [*prefix, str(programs["initdb"]), *init, "--locale=C"], env=env, cwd=place, capture_output=True, text=True
    )
    assert done.returncode == 0, f"initdb: {done.stderr[-2000:]}"
    single = [*prefix, str(programs["postgres"]), "--single", "-D", str(data), "postgres"]
    subprocess.run(single, input=b"CREATE ROLE legacy LOGIN;\n", env=env, cwd=place, capture_output=True, check=True)
    args = ["-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", "", "-F"]
    argv = [*prefix, str(programs["postgres"]), *args]
    with running(
        "postgresql", Path(argv[0]), argv[1:], folder=folder, env=env, ready=lambda: _answers(port), timeout=30
    ) as server:
        yield PostgreSQL(port, ADMIN, password, server)
