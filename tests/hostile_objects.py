"""Objects of every kind that the definitions let pass and that make no sense, and statuses that somebody made up."""

from __future__ import annotations

import random
from typing import Any

from reconciler_tenant import VSO

from keywave.controller.kinds import auth, composite_leased, connection, dynamic, pki, static

Body = dict[str, Any]
COMPOSITE = "reconcile.keywave.dev/v1alpha1"
KINDS = {
    "VaultStaticSecret": VSO,
    "VaultDynamicSecret": VSO,
    "VaultPKISecret": VSO,
    "VaultConnection": VSO,
    "VaultAuth": VSO,
    "VaultAuthGlobal": VSO,
    "SecretTransformation": VSO,
    "VaultCompositeSecret": COMPOSITE,
}
FINALIZERS = {
    "VaultStaticSecret": static.FINALIZER,
    "VaultDynamicSecret": dynamic.FINALIZER,
    "VaultPKISecret": pki.FINALIZER,
    "VaultConnection": connection.FINALIZER,
    "VaultAuth": auth.FINALIZER,
    "VaultCompositeSecret": composite_leased.FINALIZER,
}
LONG = "x" * 200_000
TEXTS = (
    "",
    "/",
    "..",
    "../../sys/seal",
    "a//b",
    "%2e%2e/x",
    "\\u0000",
    "ünïcödé",
    "{{ . }}",
    "a\nb",
    "x" * 5000,
    "sys/health",
    "default",
    "nobody/nothing",
    "a/b/c",
    " ",
)
TEMPLATES = (
    "{{",
    "{{ end }}",
    '{{ fail "no" }}',
    '{{ repeat 100000000 "x" }}',
    "{{ range (until 100000000) }}x{{ end }}",
    '{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}',
    "{{ .Secrets.nothing.deeper }}",
    '{{ index .Secrets "x" }}',
    '{{ regexMatch "(" "x" }}',
    "{{ `" + "y" * 3000 + "` }}",
    '{{ env "HOME" }}',
    '{{ genPrivateKey "rsa" }}',
)
DURATIONS = ("1s", "0s", "9999999999h", "0.0000001s")
MOMENTS = ("", "never", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-01T00:00:00", "1e400")
NUMBERS = (0, 1, -1, 2**31, 2**63 - 1, -(2**63))


class Hostile:
    """`addresses`: of what is no Vault, beside nonsense."""

    def __init__(self, seed: int, addresses: tuple[str, ...]) -> None:
        self._chance, self._addresses = random.Random(seed), addresses

    def object(self, number: int) -> Body:
        """One that the API server takes, mostly."""
        kind = self._one(*KINDS, "VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret", "VaultStaticSecret")
        metadata: Body = {"name": f"bad-{number}", "annotations": self._annotations(kind)}
        if self._often(0.02):
            metadata["finalizers"] = [FINALIZERS[kind]] if kind in FINALIZERS else []
        return {"apiVersion": KINDS[kind], "kind": kind, "metadata": metadata, "spec": getattr(self, f"_{kind}")()}

    def status(self, kind: str) -> Body:
        """As if a process had written it."""
        conditions = [{"type": self._one("Ready", "SecretSynced"), "status": "True", "reason": self._one("x", "Ready")}]
        lease = {"id": self._text(), "duration": self._number(), "renewable": True, "requestID": self._text()}
        token = {"accessor": self._text(), "expireTime": self._one(*MOMENTS), "vaultAuthRef": self._text()}
        pending = [{"id": self._text(), "since": self._one(*MOMENTS)} for _ in range(self._one(1, 300))]
        whole: Body = {
            "conditions": conditions,
            "lastGeneration": self._number(),
            "secretMAC": self._text(),
            "secretName": self._text(),
            "restartedFor": self._text(),
            "lastChangeTime": self._one(*MOMENTS),
            "requestHash": self._text(),
        }
        if kind in ("VaultDynamicSecret", "VaultCompositeSecret", "VaultPKISecret"):
            whole |= {"pendingRevocations": pending}
        rotation = {"lastVaultRotation": self._number(), "rotationPeriod": self._number(), "ttl": self._number()}
        leased = {"secretLease": lease, "token": token, "lastRenewalTime": self._number()}
        leased |= {"leaseExpireTime": self._one(*MOMENTS), "staticCredsMetaData": rotation}
        if kind == "VaultDynamicSecret":
            client = {"cacheKey": f"keywave {self._text()} x y z", "id": self._text()}
            whole |= {**leased, "vaultClientMeta": client}
        if kind == "VaultCompositeSecret":
            whole |= {"sources": [{"name": "a", "version": self._number(), **leased}]}
        if kind == "VaultPKISecret":
            whole |= {"serialNumber": self._text(), "expiration": self._number(), "lastRotation": self._number()}
        return whole

    # Parts

    def _one(self, *among: Any) -> Any:
        return self._chance.choice(among)

    def _often(self, share: float) -> bool:
        return self._chance.random() < share

    def _text(self) -> str:
        return self._chance.choice(TEXTS)

    def _number(self) -> int:
        return self._chance.choice(NUMBERS)

    def _annotations(self, kind: str) -> Body:
        holds = (
            "a",
            "/",
            "{}",
            "[[[",
            "kube-system/bootstrap",
            "hostile-op/vso-cc-storage-hmac-key",
            "a/b,a/b,,",
            self._text(),
        )
        found: Body = {
            "reconcile.keywave.dev/refresh": self._text(),
            "reconcile.keywave.dev/suspend": self._one("TRUE", "no", "", "false"),
            "reconcile.keywave.dev/lease": self._text(),
        }
        if self._often(0.2):
            found["reconcile.keywave.dev/holds"] = self._one(*holds)
        # Seldom, for the API server writes each of them again with each status.
        if self._often(0.002):
            found["reconcile.keywave.dev/refresh"] = LONG
        if kind in ("VaultAuth", "VaultConnection") and self._often(0.01):
            found["reconcile.keywave.dev/holds"] = "a/b," * 50_000
        return found

    def _destination(self) -> Body:
        # Names of its own, of others, of the Secrets that logins and connections read: loops.
        name = self._one(self._text(), "same", "same", "login", "ca", f"own-{self._chance.randrange(10**6)}")
        made: Body = {"name": name, "create": self._often(0.8), "overwrite": self._often(0.3)}
        if made["create"]:
            made |= {"labels": {self._text(): self._text()}, "annotations": {"x": self._text()}, "type": self._text()}
        if self._often(0.6):
            refs = [{"name": self._one("bad-1", "bad-2", self._text()) or "x", "namespace": self._text()}]
            made["transformation"] = {
                "templates": {f"k{n}": {"text": self._one(*TEMPLATES)} for n in range(self._chance.randrange(3))},
                "includes": [self._one(".*", "(", "a{99999}", "(a*)*b")],
                "transformationRefs": refs if self._often(0.3) else [],
            }
        return made

    def _auth(self) -> str:
        if self._often(0.1):
            return f"moody-{self._chance.randrange(len(self._addresses))}"  # one login for each of the addresses
        return str(self._one("app", "app", "app", f"bad-{self._chance.randrange(2000)}", *TEXTS))

    def _secret(self) -> Body:
        destination = self._destination()
        targets = [{"kind": "Deployment", "name": self._text()}, {"kind": "argo.Rollout", "name": "x"}]
        spec: Body = {
            "vaultAuthRef": self._auth(),
            "namespace": self._text(),
            "mount": self._text(),
            "destination": destination,
        }
        return spec | ({"rolloutRestartTargets": targets} if self._often(0.2) else {})

    def _VaultStaticSecret(self) -> Body:
        kind = self._one("kv-v1", "kv-v2")
        return {
            **self._secret(),
            "path": self._text(),
            "type": kind,
            "version": 0,
            "refreshAfter": self._one(*DURATIONS),
        }

    def _VaultDynamicSecret(self) -> Body:
        more = {
            "requestHTTPMethod": self._one("PUT", "GET"),
            "renewalPercent": self._one(0, 90),
            "revoke": self._often(0.5),
        }
        return {**self._secret(), "path": self._text(), "params": {self._text(): self._text()}, **more}

    def _VaultPKISecret(self) -> Body:
        asked = {"role": self._text(), "commonName": self._text(), "ttl": "1h", "altNames": [self._text()]}
        return {
            **self._secret(),
            **asked,
            "expiryOffset": "9999999h",
            "revoke": self._often(0.5),
            "clear": self._often(0.5),
        }

    def _VaultCompositeSecret(self) -> Body:
        kv = {"mount": self._text() or "x", "path": self._text() or "x", "type": "kv-v2"}
        dynamic = {"mount": self._text() or "x", "path": self._text() or "x", "refreshAfter": self._one(*DURATIONS)}
        count = self._one(1, 1, 1, 1, 3, 3, 3, 3, 3, 100)
        sources = [
            {"name": f"s{n}", **({"kv": kv} if self._often(0.5) else {"dynamic": dynamic})} for n in range(count)
        ]
        destination = {**self._destination(), "name": self._one("same", "login", "ca", "x")}
        return {"vaultAuthRef": self._auth(), "sources": sources, "destination": destination, "refreshAfter": "1s"}

    def _VaultConnection(self) -> Body:
        spec: Body = {"address": self._one(*self._addresses, *TEXTS)}
        if self._often(0.2):
            spec["headers"] = {self._text(): self._text()}
        if self._often(0.3):
            spec |= {"caCertSecretRef": self._one("ca", "same", self._text()), "tlsServerName": self._text()}
        return spec | {"timeout": self._one("1s", "0s", "9999999h"), "skipTLSVerify": self._often(0.5)}

    def _VaultAuth(self) -> Body:
        spec: Body = {"vaultConnectionRef": self._one("app", f"bad-{self._chance.randrange(2000)}", self._text())}
        spec |= {"method": self._one("kubernetes", "jwt", "appRole", "aws", "gcp"), "mount": self._text()}
        if self._often(0.3):
            spec["vaultAuthGlobalRef"] = {
                "name": f"bad-{self._chance.randrange(2000)}",
                "allowDefault": self._often(0.5),
            }
        return spec | self._methods()

    def _VaultAuthGlobal(self) -> Body:
        spec = {"vaultConnectionRef": self._one("app", "bad-7", self._text()), "defaultMount": self._text()}
        return {
            **spec,
            "allowedNamespaces": [self._text(), "*"],
            "headers": {self._text(): self._text()},
            **self._methods(),
        }

    def _methods(self) -> Body:
        blocks: Body = {
            "kubernetes": {"role": self._text(), "serviceAccount": self._text(), "audiences": [self._text()]},
            "jwt": {"role": self._text(), "secretRef": self._one("login", "same", self._text())},
            "appRole": {"roleId": self._text(), "secretRef": self._one("login", "same", self._text())},
            "aws": {
                "role": self._text(),
                "region": self._text(),
                "secretRef": "login",
                "stsEndpoint": self._one(*self._addresses),
            },
            "gcp": {"role": self._text(), "workloadIdentityServiceAccount": self._text()},
        }
        return {name: block for name, block in blocks.items() if self._often(0.5)}

    def _SecretTransformation(self) -> Body:
        template = {"name": self._text(), "text": self._one(*TEMPLATES)}
        return {
            "templates": {self._text(): template},
            "sourceTemplates": [template],
            "includes": [self._one("(", ".*")],
        }
