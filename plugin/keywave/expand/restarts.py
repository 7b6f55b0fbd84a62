"""`rolloutRestartTargets`: the consumers that see a new value only after a restart.

Every pod that takes the Secret by env or volume counts; whoever reloads files says `restart: false`. Jobs and bare Pods are
never restarted. A Rollout that borrows a Deployment's template is restarted in its place: the Deployment has no pods.
"""

from __future__ import annotations

from collections.abc import Sequence

from keywave.expand.tree import Tree
from keywave.intent.model import Intent

KINDS = {
    ("apps", "Deployment"): "Deployment",
    ("apps", "StatefulSet"): "StatefulSet",
    ("apps", "DaemonSet"): "DaemonSet",
    ("argoproj.io", "Rollout"): "argo.Rollout",
}


def restart_targets(intent: Intent, tree: Tree, secrets: Sequence[str]) -> list[dict[str, str]]:
    """`[{kind, name}]` for the consumers of these Secrets and those that the intent names, sorted, each once."""
    if not intent.restart:
        return []
    targets = {(target.kind, target.name) for target in intent.restart_targets}
    for use in tree.pod_uses_of(secrets, intent.namespace):
        workload = use.workload
        borrowers = tree.borrowers.get((workload.kind, workload.name), [])
        rollouts = [item for item in borrowers if item.namespace == workload.namespace]
        for item in rollouts or [workload]:
            if (kind := KINDS.get((item.group, item.kind))) is not None:
                targets.add((kind, item.name))
    return [{"kind": kind, "name": name} for kind, name in sorted(targets)]
