"""A Git server on loopback, and repositories made from folders."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rig.machine import ENVIRON, missing_command, plain_environment
from rig.ports import free_port, listening
from rig.processes import Server, running

BRANCH = "main"


@dataclass(frozen=True)
class GitDaemon:
    folder: Path
    url: str
    server: Server

    def publish(self, tree: Path, name: str, message: str = "publish") -> str:
        """Commit the folder `tree` as it is now, as the whole content of the repository `name`; make that when it is new.

        Returns the repository's URL. Again with another content: one more commit on the branch `main`.
        """
        repository = self.folder / f"{name}.git"
        if not repository.exists():
            self._git("init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(repository))
        in_repository = (f"--git-dir={repository}", f"--work-tree={tree}")
        # --force: a .gitignore in the tree is content here.
        self._git(*in_repository, "add", "--all", "--force", ".", cwd=tree)
        self._git(*in_repository, "commit", "--quiet", "--allow-empty", "-m", message, cwd=tree)
        return f"{self.url}/{name}.git"

    def head(self, name: str) -> str:
        """The hash of the repository's newest commit."""
        return self._git(f"--git-dir={self.folder / f'{name}.git'}", "rev-parse", BRANCH).strip()

    def _git(self, *args: str, cwd: Path | None = None) -> str:
        who = ("-c", "user.name=rig", "-c", "user.email=rig@keywave.invalid", "-c", "core.autocrlf=false")
        # Nothing of the user's or the machine's configuration: hooks, signing, templates.
        env = plain_environment(self.folder, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1")
        done = subprocess.run(["git", *who, *args], cwd=cwd or self.folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, f"git {' '.join(args)}: {done.stderr}"
        return done.stdout


@contextlib.contextmanager
def git_daemon(folder: Path) -> Iterator[GitDaemon]:
    git = shutil.which("git", path=ENVIRON.get("PATH"))
    if git is None:
        missing_command("git")
    repositories, port = folder / "repositories", free_port()
    repositories.mkdir(parents=True)
    args = ["daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}"]
    args += [f"--base-path={repositories}", str(repositories)]
    with running(
        "git-daemon",
        Path(git),
        args,
        folder=folder,
        # Owner checks: a container may run the tests as another user than the folder's.
        env=plain_environment(folder, GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*"),
        ready=lambda: listening(port),
    ) as server:
        yield GitDaemon(repositories, f"git://127.0.0.1:{port}", server)
