"""Family `injector`: pods with annotations of the Vault Agent Injector. The agent in the pod reads, as the pod's ServiceAccount.

Rules (read in vault-k8s 1.7 and consul-template): an own template decides what is read, else `agent-inject-secret-<name>` does; the agent
asks for the version of a KV mount and adds `data/` by itself; a `secret` with arguments is a write, `secrets` a listing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from keywave.findings import PathKey
from keywave.objects.manifest import Manifest, mapping, sequence
from keywave.objects.workloads import pod_template, service_account_of
from keywave.references.model import NONE, Connection, Identity, Reference, Spot
from keywave.references.queries import with_query
from keywave.references.setting import Setting, flag, text
from keywave.references.template_keys import agent_lists, agent_reads, agent_second, agent_writes

SUMMARY = "pods with annotations of the Vault Agent Injector; the agent reads, as the pod's ServiceAccount"
PREFIX = "vault.hashicorp.com/"
_SECRET, _TEMPLATE = "agent-inject-secret-", "agent-inject-template-"


def references(setting: Setting) -> Iterable[Reference]:
    """Of each secret that the annotations of a pod template name."""
    for manifest in setting.manifests:
        template = pod_template(manifest)
        if template is None:
            continue
        annotations = mapping(mapping(template[0].get("metadata")).get("annotations"))
        said = {str(k).removeprefix(PREFIX): text(v) for k, v in annotations.items() if str(k).startswith(PREFIX)}
        if flag(said.get("agent-inject")):
            yield from _pod(manifest, said, (*template[1], "metadata", "annotations"), setting)


def _pod(
    manifest: Manifest, said: Mapping[str, str], base: tuple[PathKey, ...], setting: Setting
) -> Iterable[Reference]:
    address = said.get("service", "")
    vault = Connection(
        address,
        setting.profile_at(address),
        tls_server_name=said.get("tls-server-name", ""),
        skip_tls_verify=flag(said.get("tls-skip-verify")),
    )
    identity = _identity(manifest, said, base, vault)._replace(
        audiences=_audiences(manifest, said), namespace=setting.namespace_of(manifest)
    )
    names = {field.removeprefix(head) for field in said for head in (_SECRET, _TEMPLATE) if field.startswith(head)}
    for name in sorted(names):
        template = said.get(_TEMPLATE + name, "")
        reads, writes, listed = agent_reads(template), agent_writes(template), agent_lists(template)
        second = agent_second(template)
        where = _TEMPLATE + name
        if not reads and not writes and not listed:
            where, reads = _SECRET + name, ((said.get(_SECRET + name, ""), ()),)
        spot: Spot = (manifest, (*base, PREFIX + where))
        wanted: list[tuple[str, tuple[str, ...], Mapping[str, str], str]] = [
            (p, keys, NONE, "GET") for p, keys in reads
        ]
        wanted += [(path, (), pairs, "PUT") for path, pairs in writes]
        wanted += [(path, (), NONE, "LIST") for path in listed]
        for written, keys, params, method in wanted:
            path, version = with_query(written)
            if path:
                yield Reference(
                    kind="raw",
                    manifest=manifest,
                    vault=vault,
                    identity=identity,
                    vault_namespace=identity.vault_namespace,
                    mount="",
                    path=path,
                    spots={"path": spot, **{f"key:{key}": spot for key in keys}},
                    family="injector",
                    engine=2 if written in second else None,
                    version=version,
                    keys=keys,
                    method=method,
                    params=params,
                )


def _audiences(manifest: Manifest, said: Mapping[str, str]) -> tuple[str, ...]:
    """Of the projected token that the annotation chooses; () is the pod's own token, which is for the API server."""
    template, chosen = pod_template(manifest), said.get("agent-service-account-token-volume-name")
    volumes = sequence(mapping(template[0].get("spec")).get("volumes")) if template and chosen else []
    sources = [
        mapping(mapping(source).get("serviceAccountToken"))
        for volume in volumes
        if mapping(volume).get("name") == chosen
        for source in sequence(mapping(mapping(volume).get("projected")).get("sources"))
    ]
    return tuple(dict.fromkeys(text(source.get("audience")) for source in sources if text(source.get("audience"))))


def _identity(manifest: Manifest, said: Mapping[str, str], base: tuple[PathKey, ...], vault: Connection) -> Identity:
    fields = {"role": "role", "mount": "auth-path", "method": "auth-type"}
    method = said.get("auth-type", "") or "kubernetes"
    role = said.get("role", "") or said.get("auth-config-role", "")
    return Identity(
        known="agent-configmap" not in said,
        label=f"the Vault agent of {manifest.subject}",
        method={"approle": "appRole"}.get(method, method),
        mount=(said.get("auth-path", "") or f"auth/{method}").strip("/").removeprefix("auth/"),
        role=role,
        vault_namespace=said.get("namespace", ""),
        namespace=manifest.namespace,
        service_account=service_account_of(manifest),
        vault=vault,
        spots={spot: (manifest, (*base, PREFIX + field)) for spot, field in fields.items() if field in said},
    )
