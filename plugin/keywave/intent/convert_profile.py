"""VaultProfile: from the checked spec to the frozen `Profile`, with the rules that a schema cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.findings import did_you_mean
from keywave.intent import placeholders
from keywave.intent.convert_auth import auth_of
from keywave.intent.guardrails import check_patterns
from keywave.intent.model import ArgoSettings, Auth, FluxSettings, Guardrails, Operator, Profile, TransformationSpec
from keywave.intent.notes import Notes
from keywave.intent.paths import check_path
from keywave.objects.manifest import Manifest, mapping

_VSO, _KEYWAVE = Operator(), ("keywave-system", "keywave-reconciler")
_LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")


def profile_of(notes: Notes, spec: Mapping[str, Any], manifest: Manifest, *, catalogue: bool, project: str) -> Profile:
    """Make the profile; `{profile}` and `{project}` are filled, the other placeholders wait for an intent."""
    values = {"profile": manifest.name, "project": project}

    def filled(section: Mapping[str, Any], name: str, default: str = "") -> str:
        return placeholders.fill(str(section.get(name, default)), values)

    refs, kv, tls = mapping(spec.get("refs")), mapping(spec.get("kv")), mapping(spec.get("tls"))
    emit = spec.get("emit", "own")
    auth = auth_of(notes, mapping(spec.get("auth")), needed=emit != "refs")
    _check_rules(notes, spec, emit, refs)
    _check_placeholders(notes, spec, project)
    _check_mounts(notes, spec)
    return Profile(
        name=manifest.name,
        manifest=manifest,
        catalogue=catalogue,
        address=spec.get("address", ""),
        vault_namespace=filled(spec, "vaultNamespace"),
        ca_cert_secret=spec.get("caCertSecret", ""),
        ca_cert_path=spec.get("caCertPath", ""),
        tls_server_name=spec.get("tlsServerName", ""),
        skip_tls_verify=spec.get("skipTLSVerify", False),
        client_cert_secret=tls.get("clientCertSecret", ""),
        headers=spec.get("headers", {}),
        timeout=spec.get("timeout", ""),
        auth=_with_values(auth, values),
        kv_mount=filled(kv, "mount", "kv"),
        kv_prefix=filled(kv, "prefix"),
        kv_version=1 if kv.get("version") == 1 else 2,
        dynamic_mount=filled(mapping(spec.get("dynamic")), "mount"),
        pki_mount=filled(mapping(spec.get("pki")), "mount"),
        deliver=spec.get("deliver", "secret"),
        refresh_after=spec.get("refreshAfter", ""),
        emit=emit,
        connection_ref=refs.get("connection", ""),
        auth_ref=refs.get("auth", ""),
        auth_global_ref=refs.get("authGlobal", ""),
        create_service_accounts=spec.get("serviceAccounts") != "external",
        operator=_operator(mapping(spec.get("operator"))),
        allow=_guardrails(notes, spec),
        external=tuple(spec.get("external", ())),
        network=spec.get("network"),
        transformations=_transformations(mapping(spec.get("transformations"))),
        flux=_flux(mapping(spec.get("flux"))),
        argocd=_argocd(notes, mapping(spec.get("argocd"))),
    )


def _with_values(auth: Auth, values: Mapping[str, str]) -> Auth:
    role, mount = placeholders.fill(auth.role, values), placeholders.fill(auth.mount, values)
    return auth if (role, mount) == (auth.role, auth.mount) else auth._replace(role=role, mount=mount)


def _check_rules(notes: Notes, spec: Mapping[str, Any], emit: str, refs: Mapping[str, Any]) -> None:
    address = spec.get("address", "")
    if not address and emit != "refs":
        hint = "such as https://vault.example.com:8200; or emit: refs, if connection and login are in place"
        notes.error("KW1062", "the profile does not say where Vault is", "spec", hint=hint)
    if address.startswith("http://"):
        hint = (
            "write https://"
            if not address.startswith(_LOOPBACK)
            else "write https://; inside a pod this host is the pod itself"
        )
        notes.warn("KW1061", f"{address} carries secrets over the network in the clear", "spec", "address", hint=hint)
    if spec.get("skipTLSVerify") is True:
        message = "whoever is on the way can pose as Vault and take login tokens and secrets"
        notes.warn(
            "KW1060",
            message,
            "spec",
            "skipTLSVerify",
            hint="name Vault's CA: caCertSecret, a Secret with the key ca.crt",
        )
    if spec.get("caCertSecret") and spec.get("caCertPath"):
        hint = "remove one of them, or set it to null in the overlay"
        notes.error("KW1065", '"caCertPath" cannot stand beside "caCertSecret"', "spec", "caCertPath", hint=hint)
    if refs and emit != "refs":
        notes.error(
            "KW1065",
            f'"refs" has no meaning with emit: {emit}',
            "spec",
            "refs",
            hint="write emit: refs, or remove refs",
        )
    if refs.get("auth") and refs.get("authGlobal"):
        notes.error(
            "KW1065",
            '"refs.authGlobal" cannot stand beside "refs.auth"',
            "spec",
            "refs",
            "authGlobal",
            hint="remove one",
        )
    for index, rule in enumerate(mapping(spec.get("network")).get("vault") or ()):
        selectors = "namespaceSelector" in rule or "podSelector" in rule
        if ("cidr" in rule) == selectors:
            message = "an entry needs either cidr, or namespaceSelector and podSelector"
            notes.error("KW1065", message, "spec", "network", "vault", index, hint="a policy cannot name a host")


def _check_placeholders(notes: Notes, spec: Mapping[str, Any], project: str) -> None:
    late = placeholders.NAMES
    early = tuple(n for n in late if n != "serviceAccount")
    places: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
        (("auth", "role"), late),
        (("auth", "mount"), late),
        (("vaultNamespace",), early),
        (("kv", "mount"), early),
        (("kv", "prefix"), early),
        (("dynamic", "mount"), early),
        (("pki", "mount"), early),
    ]
    for keys, known in places:
        value: Any = spec
        for key in keys:
            value = mapping(value).get(key, "")
        check_text(notes, str(value), known, project, *keys)


def check_text(notes: Notes, text: str, known: tuple[str, ...], project: str, *keys: str | int) -> None:
    """Say which placeholders of a text are unknown, or known only elsewhere, or without a value in this run."""
    for name in placeholders.names(text):
        if name not in known:
            hint = did_you_mean(name, known) or "known here: " + " ".join(f"{{{k}}}" for k in known)
            notes.error("KW1040", f"unknown placeholder {{{name}}}", "spec", *keys, hint=hint)
        elif name == "project" and not project:
            hint = "it is ARGOCD_APP_PROJECT_NAME in Argo CD; elsewhere give --project"
            notes.error("KW1041", "{project} has no value in this run", "spec", *keys, hint=hint)


def _check_mounts(notes: Notes, spec: Mapping[str, Any]) -> None:
    everything = dict.fromkeys(placeholders.NAMES, "x")
    places: list[tuple[str, str]] = [
        ("auth", "mount"),
        ("kv", "mount"),
        ("kv", "prefix"),
        ("dynamic", "mount"),
        ("pki", "mount"),
    ]
    for keys in places:
        text = mapping(spec.get(keys[0])).get(keys[1], "")
        if any(name not in everything for name in placeholders.names(text)):
            continue
        plain = placeholders.fill(text, everything)
        prefix = keys[1] == "prefix"
        if plain and check_path(notes, plain.removesuffix("/") if prefix else plain, f"the {keys[1]}", "spec", *keys):
            api = plain.split("/")[0] == "data" if prefix else keys[0] == "kv" and plain.endswith("/data")
            if api and mapping(spec.get("kv")).get("version") != 1:
                hint = "leave data out; it is put in where it is needed"
                notes.error("KW1024", f'"{text}" is a path of the HTTP API', "spec", *keys, hint=hint)


def _guardrails(notes: Notes, spec: Mapping[str, Any]) -> Guardrails | None:
    if "allow" not in spec:
        return None
    allow: Mapping[str, list[str]] = spec["allow"]
    check_patterns(notes, allow)

    def some(name: str) -> tuple[str, ...] | None:
        return tuple(allow[name]) if name in allow else None

    return Guardrails(
        projects=some("projects"),
        namespaces=some("namespaces"),
        paths=some("paths"),
        roles=some("roles"),
        deliver=some("deliver"),
    )


def _operator(spec: Mapping[str, Any]) -> Operator:
    kind = spec.get("kind", _VSO.kind)
    namespace, account = _KEYWAVE if kind == "keywave" else (_VSO.namespace, _VSO.service_account)
    numbers = [int(n) for n in spec.get("version", "").removeprefix("v").split(".") if n.isdigit()]
    version = (*numbers, 0, 0)[:3] if len(numbers) > 1 else _VSO.version
    return Operator(
        kind="keywave" if kind == "keywave" else "vso",
        version=(version[0], version[1], version[2]),
        namespace=spec.get("namespace", namespace),
        service_account=spec.get("serviceAccount", account),
    )


def _transformations(spec: Mapping[str, Any]) -> tuple[TransformationSpec, ...]:
    return tuple(
        TransformationSpec(
            name, each.get("templates", {}), tuple(each.get("includes", ())), tuple(each.get("excludes", ()))
        )
        for name, each in spec.items()
    )


def _flux(spec: Mapping[str, Any]) -> FluxSettings:
    source, default = mapping(spec.get("sourceRef")), FluxSettings()
    return FluxSettings(
        source_kind=source.get("kind", default.source_kind),
        source_name=source.get("name", default.source_name),
        source_namespace=source.get("namespace", ""),
        namespace=spec.get("namespace", default.namespace),
        interval=spec.get("interval", default.interval),
        retry_interval=spec.get("retryInterval", default.retry_interval),
        timeout=spec.get("timeout", default.timeout),
        path=spec.get("path", default.path),
        prune=spec.get("prune", default.prune),
        service_account_name=spec.get("serviceAccountName", ""),
    )


def _argocd(notes: Notes, spec: Mapping[str, Any]) -> ArgoSettings:
    settings = ArgoSettings(int(spec.get("setupWave", -2)), int(spec.get("secretWave", -1)))
    if settings.setup_wave >= settings.secret_wave:
        message = f"setupWave {settings.setup_wave} is not before secretWave {settings.secret_wave}"
        notes.error("KW1065", message, "spec", "argocd", hint="connection and login come first: such as -2 and -1")
    return settings
