"""The kubernetes auth method, with the token that the kubelet projects into the pod. It is read at each login: the kubelet renews it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from keywave.errors import UsageError
from keywave.vault.login.model import Door, Grant, called, role_and_mount, secret_file
from keywave.vault.settings import ConnectOptions

PROJECTED = "/var/run/secrets/kubernetes.io/serviceaccount/token"


class KubernetesLogin(NamedTuple):
    role: str
    mount: str = "kubernetes"
    file: str = PROJECTED

    @property
    def label(self) -> str:
        return called("kubernetes", self.mount, self.role)

    @property
    def given(self) -> bool:
        return False

    def log_in(self, door: Door) -> Grant:
        jwt = secret_file(self.file, "the ServiceAccount's token")
        return door.log_in(self.mount, {"role": self.role, "jwt": jwt.reveal()}, self.label)


def offered(environ: Mapping[str, str], options: ConnectOptions) -> bool:
    return bool(role_and_mount(environ, options, "")[0]) and os.path.isfile(PROJECTED)


def choose(environ: Mapping[str, str], options: ConnectOptions) -> KubernetesLogin:
    role, mount = role_and_mount(environ, options, "kubernetes")
    if not role:
        raise UsageError("the kubernetes login has no role", hint="set VAULT_AUTH_ROLE to the role of the auth method")
    return KubernetesLogin(role, mount, options.token_file or PROJECTED)
