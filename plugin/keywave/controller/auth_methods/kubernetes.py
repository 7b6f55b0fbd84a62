"""The kubernetes auth method: the token of the consumer's ServiceAccount."""

from __future__ import annotations

from collections.abc import Mapping

from keywave.controller.auth_methods.credentials import account_token
from keywave.controller.login_plan import LoginPlan
from keywave.controller.ports import Kube


def missing(settings: Mapping[str, str]) -> list[str]:
    return [name for name in ("role", "serviceAccount") if not settings.get(name)]


def login_body(plan: LoginPlan, kube: Kube) -> Mapping[str, object]:
    return {"role": dict(plan.settings)["role"], "jwt": account_token(plan, kube).reveal()}
