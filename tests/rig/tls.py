"""Certificates for tests, made by openssl: a CA, and leaves of it that are right, expired, or for another name."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rig import machine


@dataclass(frozen=True)
class Leaf:
    """A certificate with its key."""

    cert: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """For a server that shows it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        return context


@dataclass(frozen=True)
class Authority:
    """A CA in a folder of its own; `cert` is what VAULT_CACERT gets."""

    folder: Path

    @property
    def cert(self) -> Path:
        return self.folder / "ca.crt"

    def leaf(self, name: str, *, subject: str = "IP:127.0.0.1,DNS:localhost", expired: bool = False) -> Leaf:
        leaf = Leaf(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        request = self.folder / f"{name}.csr"
        _openssl(self.folder, "req", "-new", *_key(leaf.key), "-subj", f"/CN={name}", "-out", str(request))
        dates = ("20200101000000Z", "20200201000000Z") if expired else ("20200101000000Z", "20991231000000Z")
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={subject}\n")
        # `openssl x509` has no start and end before OpenSSL 3.4; `ca` has had them always.
        _openssl(
            self.folder, "ca", "-batch", "-config", "ca.cnf", "-notext", "-in", str(request), "-out", str(leaf.cert),
            "-startdate", dates[0], "-enddate", dates[1], "-extfile", f"{name}.ext",
        )  # fmt: skip
        return leaf


CONFIG = """[ca]
default_ca=own
[own]
new_certs_dir=.
database=index.txt
rand_serial=yes
certificate=ca.crt
private_key=ca.key
default_md=sha256
policy=any
unique_subject=no
[any]
commonName=supplied
"""


def authority(folder: Path) -> Authority:
    """A fresh CA. A machine without openssl: a skip, or a failure in CI."""
    if shutil.which("openssl") is None:
        machine.lacking("openssl is not there; install it")
    folder.mkdir(parents=True)
    (folder / "ca.cnf").write_text(CONFIG)
    (folder / "index.txt").write_text("")
    made = Authority(folder)
    _openssl(
        folder, "req", "-x509", *_key(folder / "ca.key"), "-days", "3650", "-subj", "/CN=rig", "-out", str(made.cert)
    )
    return made


def _key(path: Path) -> tuple[str, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(path))


def _openssl(folder: Path, *args: str) -> None:
    done = subprocess.run(["openssl", *args], cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, f"openssl {args[0]}: {done.stderr}"
