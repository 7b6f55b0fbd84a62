"""The jwt auth method: a ServiceAccount's token, or the one that a Secret holds under the key jwt."""

from __future__ import annotations

from collections.abc import Mapping

from keywave.controller.auth_methods.credentials import account_token, secret_key
from keywave.controller.login_plan import LoginPlan
from keywave.controller.ports import Kube


def missing(settings: Mapping[str, str]) -> list[str]:
    absent = [] if settings.get("role") else ["role"]
    return (
        absent
        if settings.get("serviceAccount") or settings.get("secretRef")
        else [*absent, "serviceAccount or secretRef"]
    )


def login_body(plan: LoginPlan, kube: Kube) -> Mapping[str, object]:
    settings = dict(plan.settings)
    token = secret_key(plan, kube, "jwt") if settings.get("secretRef") else account_token(plan, kube)
    return {"role": settings["role"], "jwt": token.reveal()}
