"""Wiring: what `consumers:` asks for, written into the pod template.

Rule: only what is asked is changed, by a new body along one path; the rest of the document stays the user's, and `emit` edits the text
at that place alone. A wish that collides with what stands there is a finding, never an overwrite.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keywave.findings import Finding, PathKey, did_you_mean
from keywave.intent.model import Consumer, Intent
from keywave.intent.produces import produced_keys, secret_names, splits
from keywave.objects.manifest import Manifest, mapping, sequence
from keywave.objects.workloads import CONTAINER_LISTS, pod_template, same_namespace

_WIRED_LISTS = CONTAINER_LISTS[:2]


def wire(rest: Sequence[Manifest], intents: Sequence[Intent]) -> tuple[list[Manifest], list[Finding]]:
    """The manifests with the intents' consumers wired, in the same order, and what could not be wired."""
    manifests = list(rest)
    findings: list[Finding] = []
    wishes = [(intent, consumer) for intent in intents for consumer in intent.consumers]
    if not wishes:
        return manifests, findings
    places: dict[tuple[str, str], list[int]] = {}
    for index, manifest in enumerate(manifests):
        places.setdefault((manifest.kind, manifest.name), []).append(index)
    for intent, consumer in wishes:
        if intent.deliver not in ("secret", "eso", "csi-sync"):
            continue
        wirer = _Wirer(intent, consumer)
        spots = places.get((consumer.kind, consumer.workload), [])
        near = [spot for spot in spots if same_namespace(manifests[spot].namespace, intent.namespace)]
        if not near or pod_template(manifests[near[0]]) is None:
            wirer.no_workload(manifests)
        else:
            manifests[near[0]] = wirer.wired(manifests[near[0]])
        findings.extend(wirer.findings)
    return manifests, findings


class _Wirer:
    """One consumer of one intent; collects what is wrong."""

    def __init__(self, intent: Intent, consumer: Consumer) -> None:
        self.intent = intent
        self.consumer = consumer
        self.findings: list[Finding] = []

    def problem(self, code: str, message: str, *keys: PathKey, hint: str = "") -> None:
        at = ("spec", "consumers", self.consumer.number, *keys)
        self.findings.append(self.intent.manifest.finding(code, message, *at, hint=hint))

    def no_workload(self, manifests: Sequence[Manifest]) -> None:
        consumer = self.consumer
        known = [
            m.name for m in manifests if m.kind == consumer.kind and same_namespace(m.namespace, self.intent.namespace)
        ]
        others = sorted({m.kind for m in manifests if m.name == consumer.workload and pod_template(m) is not None})
        hint = f"say kind: {others[0]}" if others else did_you_mean(consumer.workload, known)
        listed = f"there are: {', '.join(sorted(known))}" if known else f"the tree holds no {consumer.kind}"
        self.problem(
            "KW2005", f"the tree holds no {consumer.kind} {consumer.workload} to wire", "workload", hint=hint or listed
        )

    def wired(self, manifest: Manifest) -> Manifest:
        """The workload with env, envFrom and volume added; as it was where something is wrong."""
        found = pod_template(manifest)
        assert found is not None  # the caller has looked
        template, keys = found
        spec = mapping(template.get("spec"))
        place = self._container(spec)
        if place is None:
            return manifest
        listed, index = place
        container = dict(sequence(spec.get(listed))[index])
        volumes = list(sequence(spec.get("volumes")))
        self._env_from(container)
        self._env(container)
        self._mount(container, volumes)
        if self.findings:
            return manifest
        containers = list(spec[listed])
        containers[index] = container
        new_spec = {**spec, listed: containers, **({"volumes": volumes} if volumes else {})}
        return manifest.with_body(_replaced(manifest.body, (*keys, "spec"), new_spec))

    def _container(self, spec: Any) -> tuple[str, int] | None:
        named = [
            (listed, index, mapping(item).get("name"))
            for listed in _WIRED_LISTS
            for index, item in enumerate(sequence(spec.get(listed)))
            if mapping(item)
        ]
        wanted = self.consumer.container
        matching = [spot for spot in named if (spot[2] == wanted if wanted else spot[0] == "containers")]
        if len(matching) == 1:
            return matching[0][0], matching[0][1]
        names = [str(spot[2]) for spot in named]
        if wanted:
            message = f"{self.consumer.kind} {self.consumer.workload} has no container {wanted}"
            hint = did_you_mean(wanted, names) or f"there are: {', '.join(names)}"
            self.problem("KW2006", message, "container", hint=hint)
        else:
            message = f"{self.consumer.kind} {self.consumer.workload} has several containers: {', '.join(names)}"
            self.problem("KW2006", message, hint=f"say which: container: {names[0] if names else 'app'}")
        return None

    def _env_from(self, container: dict[str, Any]) -> None:
        if not self.consumer.env_from:
            return
        there = list(sequence(container.get("envFrom")))
        have = [mapping(mapping(item).get("secretRef")).get("name") for item in there]
        there += [{"secretRef": {"name": name}} for name in secret_names(self.intent) if name not in have]
        container["envFrom"] = there

    def _env(self, container: dict[str, Any]) -> None:
        if not self.consumer.env:
            return
        there = list(sequence(container.get("env")))
        for variable, key in self.consumer.env.items():
            secret = self._secret_with(key, "env", variable)
            if secret is None:
                continue
            entry = {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
            present = [item for item in there if mapping(item).get("name") == variable]
            if not present:
                there.append(entry)
            elif present != [entry]:
                self.problem(
                    "KW2007",
                    f"{self.consumer.kind} {self.consumer.workload} sets the variable {variable} already",
                    "env",
                    variable,
                    hint="take it out of the workload, or take another name",
                )
        container["env"] = there

    def _secret_with(self, key: str, *keys: PathKey) -> str | None:
        """The Secret that holds the key; with several Secrets, the one whose source gives it."""
        intent = self.intent
        if not splits(intent):
            self._check_key(key, produced_keys(intent), *keys)
            return intent.name
        pairs = list(zip(intent.parts, secret_names(intent), strict=True))
        sure = [name for part, name in pairs if key in (produced_keys(intent, part) or ())]
        open_ended = [name for part, name in pairs if produced_keys(intent, part) is None]
        if len(sure) == 1:
            return sure[0]
        if not sure and len(open_ended) == 1:
            return open_ended[0]
        if open_ended:
            message = f"it is not clear which of the sources gives the key {key}"
            self.problem("KW2010", message, *keys, hint="say keys: in the sources")
        else:
            known = sorted({each for part in intent.parts for each in produced_keys(intent, part) or ()})
            self._check_key(key, tuple(known), *keys)
        return None

    def _check_key(self, key: str, known: tuple[str, ...] | None, *keys: PathKey) -> None:
        if known is None or key in known:
            return
        hint = did_you_mean(key, known) or f"there are: {', '.join(known)}"
        self.problem("KW2003", f"the intent {self.intent.name} does not give the key {key}", *keys, hint=hint)

    def _mount(self, container: dict[str, Any], volumes: list[Any]) -> None:
        path = self.consumer.mount_path
        if not path:
            return
        mounts = list(sequence(container.get("volumeMounts")))
        volume = self._volume()
        taken = [
            mapping(item) for item in mounts if str(mapping(item).get("mountPath", "")).rstrip("/") == path.rstrip("/")
        ]
        if volume not in volumes:
            if any(mapping(item).get("name") == volume["name"] for item in volumes):
                volume["name"] = f"{volume['name'][:58]}-{self.consumer.number}"
            volumes.append(volume)
        mount = {"name": volume["name"], "mountPath": path, "readOnly": True}
        if taken and mount not in taken:
            self.problem(
                "KW2008",
                f"{self.consumer.kind} {self.consumer.workload} mounts the volume {taken[0].get('name')} at {path} already",
                "mountPath",
                hint="take another folder, or take the volume out of the workload",
            )
        elif not taken:
            mounts.append(mount)
        container["volumeMounts"] = mounts

    def _volume(self) -> dict[str, Any]:
        names = secret_names(self.intent)
        mode = {} if self.consumer.mode is None else {"defaultMode": self.consumer.mode}
        name = volume_name(self.intent.name)
        if not splits(self.intent):
            for key in self.consumer.items:
                self._check_key(key, produced_keys(self.intent), "items", key)
            items = _items(self.consumer.items)
            return {"name": name, "secret": {"secretName": names[0], **items, **mode}}
        sources = [{"secret": {"name": secret, **items}} for secret, items in self._shares(names)]
        return {"name": name, "projected": {"sources": sources, **mode}}

    def _shares(self, names: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
        """Each Secret of a split intent with the items that it gives."""
        if not self.consumer.items:
            return [(name, {}) for name in names]
        shares: dict[str, dict[str, str]] = {}
        for key, file in self.consumer.items.items():
            secret = self._secret_with(key, "items", key)
            if secret is not None:
                shares.setdefault(secret, {})[key] = file
        return [(name, _items(shares[name])) for name in names if name in shares]


def volume_name(secret: str) -> str:
    """A volume's name for a Secret: a DNS label of at most 63 characters."""
    return f"secret-{secret.replace('.', '-')}"[:60].rstrip("-")


def _items(items: Any) -> dict[str, Any]:
    return {"items": [{"key": key, "path": file} for key, file in items.items()]} if items else {}


def _replaced(body: Any, keys: Sequence[PathKey], value: Any) -> Any:
    """The body with another value at the keys (mapping keys only); everything beside the path is shared."""
    if not keys:
        return value
    return {**body, keys[0]: _replaced(body[keys[0]], keys[1:], value)}
