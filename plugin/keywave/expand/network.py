"""The operator's NetworkPolicy: egress to Vault, DNS and the API server.

Only where the profile says where Vault is: to select a pod for egress denies it everything else, and a policy cannot name a host.
Application pods get none from the pattern `secret`: they never talk to Vault themselves.
"""

from __future__ import annotations

from typing import Any

from keywave.expand.made import build
from keywave.intent.model import Profile
from keywave.objects.manifest import Manifest, mapping, sequence

VAULT_PORT = 8200
API_PORTS = (443, 6443)
_OPERATOR_PODS = {
    "vso": {"app.kubernetes.io/name": "vault-secrets-operator", "control-plane": "controller-manager"},
    "keywave": {"app.kubernetes.io/name": "keywave-reconciler"},
}


def operator_policy(profile: Profile) -> Manifest | None:
    """The policy in the operator's namespace, or None without `network.vault`."""
    rules = [_to_vault(mapping(item)) for item in sequence(mapping(profile.network).get("vault"))]
    if not rules:
        return None
    everywhere = [
        {"ports": [_port(53, "UDP"), _port(53, "TCP")], "to": [{"namespaceSelector": {}, "podSelector": {}}]},
        {"ports": [_port(port, "TCP") for port in API_PORTS]},
    ]
    return build(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        f"{profile.name}-operator",
        namespace=profile.operator.namespace,
        made_by=profile.manifest.subject,
        spec={
            "podSelector": {"matchLabels": _OPERATOR_PODS[profile.operator.kind]},
            "policyTypes": ["Egress"],
            "egress": rules + everywhere,
        },
    )


def _to_vault(entry: Any) -> dict[str, Any]:
    peer: dict[str, Any] = {}
    if entry.get("cidr"):
        peer["ipBlock"] = {"cidr": entry["cidr"]}
    for field in ("namespaceSelector", "podSelector"):
        if field in entry:
            peer[field] = entry[field]
    return {"ports": [_port(entry.get("port") or VAULT_PORT, "TCP")], "to": [peer]}


def _port(port: int, protocol: str) -> dict[str, Any]:
    return {"port": port, "protocol": protocol}
