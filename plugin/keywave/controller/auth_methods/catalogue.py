"""The dict of the methods, and what each module offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from keywave.controller.auth_methods import approle, aws, gcp, jwt, kubernetes
from keywave.controller.login_plan import LoginPlan
from keywave.controller.ports import Kube


class AuthMethod(Protocol):
    """A module of this folder."""

    def missing(self, settings: Mapping[str, str]) -> list[str]:
        """What a VaultAuth must say and does not, as field names of its block. Pure."""
        ...

    def login_body(self, plan: LoginPlan, kube: Kube) -> Mapping[str, object]:
        """The body of POST auth/<mount>/login. Raises KubeError, VaultFault(login) that says what is missing where."""
        ...


AUTH_METHODS: Mapping[str, AuthMethod] = {
    "kubernetes": kubernetes,
    "jwt": jwt,
    "appRole": approle,
    "aws": aws,
    "gcp": gcp,
}
"""By the word that `spec.method` has for it."""
