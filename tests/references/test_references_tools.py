"""References of other tools' objects: External Secrets, CSI classes, injector annotations, argocd-vault-plugin placeholders."""

from __future__ import annotations

import base64

import pytest
from references.reference_trees import asked, bare, found, one, spots

from keywave.expand import expand
from keywave.intent.load import load
from keywave.objects.yamlio import read_stream
from keywave.references.find import Found, find
from keywave.references.model import Connection, Identity

STORE = """
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: {name: vault, namespace: shop}
spec:
  provider:
    vault:
      server: https://vault.example.com:8200
      path: kv
      namespace: team
      auth: AUTH
"""
KUBERNETES = "{kubernetes: {mountPath: k8s, role: app, serviceAccountRef: {name: web, audiences: [vault]}}}"
EXTERNAL = """
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: config, namespace: shop}
spec:
  secretStoreRef: {name: vault, kind: SecretStore}
  refreshInterval: 1h30m
"""
CLASS = """
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata: {name: db, namespace: shop}
spec:
  provider: vault
  parameters:
    roleName: app
    vaultAddress: https://vault.example.com:8200
    audience: vault
    objects: |
      - {objectName: user, secretPath: /v1/kv/data/app?version=2, secretKey: user}
      - {objectName: pass, secretPath: kv/data/app?version=2, secretKey: pass}
"""


def store(auth: str = KUBERNETES) -> str:
    return STORE.replace("AUTH", auth)


def pod(name: str, spec: str, annotations: str = "") -> str:
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec: {{template: {{metadata: {{annotations: {{{annotations}}}}}, spec: {{containers: [{{name: app}}], {spec}}}}}}}
"""


def mounts(name: str, account: str, attributes: str = "") -> str:
    volume = f"csi: {{driver: secrets-store.csi.k8s.io, volumeAttributes: {{secretProviderClass: db{attributes}}}}}"
    return pod(name, f"serviceAccountName: {account}, volumes: [{{name: v, {volume}}}]")


def test_an_external_secret_reads_as_its_stores_login() -> None:
    entry = "  data: [{secretKey: A, remoteRef: {key: dev/app, property: user, version: '4'}}]\n"

    reference = one(EXTERNAL + entry, store())

    vault = Connection("https://vault.example.com:8200")
    assert asked(reference) == ("kv", "kv", "dev/app", 2, 4, ("user",))
    assert (reference.family, reference.vault_namespace, reference.refresh_after) == ("eso", "team", 5400)
    assert bare(reference.identity) == Identity(
        True, "SecretStore shop/vault", "kubernetes", "k8s", "app", "team", "shop", "web", ("vault",), "", vault
    )
    assert spots(reference) == {
        "path": ("ExternalSecret", "spec.data.0.remoteRef.key"),
        "key:user": ("ExternalSecret", "spec.data.0.remoteRef.property"),
        "version": ("ExternalSecret", "spec.data.0.remoteRef.version"),
        "mount": ("SecretStore", "spec.provider.vault.path"),
        "refresh": ("ExternalSecret", "spec.refreshInterval"),
    }


@pytest.mark.parametrize(
    ("store_text", "key", "expected"),
    [
        (store(), "app", ("kv", "kv", "app")),
        (store(), "kv/data/app", ("kv", "kv", "app")),
        (store(), "kv/app", ("kv", "kv", "app")),
        (store(), "data/app", ("kv", "kv", "data/app")),
        (store().replace("path: kv", "version: v1"), "kv1/app", ("raw", "", "kv1/app")),
        (store().replace("path: kv", "version: v2"), "kv/app", ("raw", "", "kv/data/app")),
        (store().replace("path: kv", "version: v2"), "kv/data/app", ("raw", "", "kv/data/app")),
    ],
)
def test_a_key_with_or_without_mount_and_data(store_text: str, key: str, expected: tuple[str, str, str]) -> None:
    reference = one(EXTERNAL + f"  dataFrom: [{{extract: {{key: {key}}}}}]\n", store_text)

    assert (reference.kind, reference.mount, reference.path) == expected


def test_entries_of_one_path_are_one_reference_for_all_their_keys() -> None:
    entries = (
        "  data: [{secretKey: A, remoteRef: {key: app, property: b}}, {secretKey: B, remoteRef: {key: app, property: a}},"
        " {secretKey: C, remoteRef: {key: app, property: deep.path}}]\n"
    )

    assert one(EXTERNAL + entries, store()).keys == ("a", "b")


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ("{appRole: {roleId: rid, secretRef: {name: s}}}", ("appRole", "approle", "", "rid", "", "", ())),
        (
            "{jwt: {path: jwt, role: r, kubernetesServiceAccountToken: {serviceAccountRef: {name: web}}}}",
            ("jwt", "jwt", "r", "", "shop", "web", ("vault",)),
        ),
        ("{kubernetes: {role: r}}", ("kubernetes", "kubernetes", "r", "", "", "", ())),
        ("{tokenSecretRef: {name: t, key: token}}", ("token", "", "", "", "shop", "", ())),
    ],
)
def test_logins_of_stores(auth: str, expected: tuple[object, ...]) -> None:
    who = one(EXTERNAL + "  data: [{secretKey: A, remoteRef: {key: a}}]\n", store(auth)).identity

    assert (
        who.method, who.mount, who.role, who.role_id, who.namespace, who.service_account, who.audiences
    ) == expected  # fmt: skip


def test_a_cluster_store_takes_the_account_from_the_external_secrets_namespace() -> None:
    cluster = (
        store().replace("SecretStore", "ClusterSecretStore").replace("name: vault, namespace: shop", "name: vault")
    )
    external = EXTERNAL.replace("kind: SecretStore", "kind: ClusterSecretStore").replace(
        "namespace: shop", "namespace: x"
    )

    who = one(external + "  data: [{secretKey: A, remoteRef: {key: a}}]\n", cluster).identity

    assert (who.namespace, who.service_account) == ("x", "web")


def test_stores_of_other_providers_are_none_of_vaults() -> None:
    other = store().replace("vault:", "aws:")

    assert found(EXTERNAL + "  data: [{secretKey: A, remoteRef: {key: a}}]\n", other).references == ()


def test_a_generator_asks_by_itself() -> None:
    generator = f"""
apiVersion: generators.external-secrets.io/v1alpha1
kind: VaultDynamicSecret
metadata: {{name: pki, namespace: shop}}
spec:
  path: /pki/issue/web
  method: POST
  parameters: {{common_name: a.example.com}}
  provider: {{server: "https://vault.example.com:8200", auth: {KUBERNETES}}}
"""
    reference = one(generator)

    assert asked(reference) == ("raw", "", "pki/issue/web", None, None, ())
    assert (reference.method, reference.params) == ("POST", {"common_name": "a.example.com"})


def test_a_class_is_asked_as_each_service_account_that_mounts_it() -> None:
    result = found(CLASS, mounts("a", "web"), mounts("b", "web"), mounts("c", "job"))

    assert [asked(reference) for reference in result.references] == [
        ("raw", "", "kv/data/app", None, 2, ("pass", "user"))
    ] * 2
    assert [reference.identity.service_account for reference in result.references] == ["job", "web"]
    vault = Connection("https://vault.example.com:8200")
    assert bare(result.references[0].identity) == Identity(
        True, "SecretProviderClass shop/db", "kubernetes", "kubernetes", "app", "", "shop", "job", ("vault",), "", vault
    )
    assert spots(result.references[0]) == {"path": ("SecretProviderClass", "spec.parameters.objects")}


def test_a_class_that_no_pod_mounts_has_no_service_account() -> None:
    assert one(CLASS).identity.service_account == ""


def test_a_volumes_attributes_overlay_the_class() -> None:
    assert one(CLASS, mounts("a", "web", ", roleName: other")).identity.role == "other"


@pytest.mark.parametrize("objects", ["{", "text", "[1, {secretKey: x}]"])
def test_objects_that_cannot_be_read_are_no_references(objects: str) -> None:
    text = CLASS.partition("    objects:")[0] + f"    objects: '{objects}'\n"

    assert found(text).references == ()


V = "vault.hashicorp.com/"


def injected(more: str) -> str:
    on = f"{V}agent-inject: 'true', {V}role: app, {V}auth-path: auth/k8s, {V}namespace: team"
    return pod("a", "serviceAccountName: web", f"{on}, {more}")


def test_annotations_of_the_injector() -> None:
    reference = one(injected(f"{V}agent-inject-secret-config: kv/app"))

    assert asked(reference) == ("raw", "", "kv/app", None, None, ())
    assert bare(reference.identity) == Identity(
        True, "the Vault agent of Deployment shop/a", "kubernetes", "k8s", "app", "team", "shop", "web"
    )
    where = f"spec.template.metadata.annotations.{V}agent-inject-secret-config"
    assert spots(reference) == {"path": ("Deployment", where)}


def test_an_own_template_of_the_injector_decides_what_is_read() -> None:
    template = (
        '{{ with secret "kv/data/b" }}{{ .Data.data.user }}{{ end }}{{ with secret "pki/issue/x" "ttl=1h" }}{{ end }}'
    )

    result = found(injected(f"{V}agent-inject-secret-c: kv/a, {V}agent-inject-template-c: '{template}'"))

    assert [(*asked(reference), reference.method, dict(reference.params)) for reference in result.references] == [
        ("raw", "", "kv/data/b", 2, None, ("user",), "GET", {}),
        ("raw", "", "pki/issue/x", None, None, (), "PUT", {"ttl": "1h"}),
    ]


def test_annotations_without_the_switch_ask_nothing() -> None:
    assert found(pod("a", "serviceAccountName: web", f"{V}agent-inject-secret-c: kv/a")).references == ()


def secret(annotations: str, content: str) -> str:
    return f"""
apiVersion: v1
kind: Secret
metadata: {{name: app, namespace: shop, annotations: {{{annotations}}}}}
{content}
"""


PATH = "avp.kubernetes.io/path: kv/data/app"


def test_placeholders_read_the_annotations_path() -> None:
    reference = one(
        secret(f"{PATH}, avp.kubernetes.io/kv-version: '2'", "stringData: {a: <user>, b: 'x <pass | base64encode> y'}")
    )

    assert asked(reference) == ("raw", "", "kv/data/app", 2, None, ("pass", "user"))
    assert (reference.identity, reference.optional) == (Identity(False, "the login of argocd-vault-plugin"), False)
    assert spots(reference) == {
        "path": ("Secret", "metadata.annotations.avp.kubernetes.io/path"),
        "type": ("Secret", "metadata.annotations.avp.kubernetes.io/kv-version"),
        "key:user": ("Secret", "stringData.a"),
        "key:pass": ("Secret", "stringData.b"),
    }


def test_placeholders_in_the_base64_of_data() -> None:
    encoded = base64.b64encode(b"url: <user>").decode()

    assert one(secret(PATH, f"data: {{a: {encoded}}}")).keys == ("user",)


def test_placeholders_with_a_path_of_their_own() -> None:
    text = "stringData: {a: '<path:kv/data/x#key#3>', b: '<path:kv/data/x#other | sha256sum>'}"

    result = found(secret("", text))

    assert [asked(reference) for reference in result.references] == [
        ("raw", "", "kv/data/x", None, None, ("other",)),
        ("raw", "", "kv/data/x", None, 3, ("key",)),
    ]


def test_remove_missing_makes_keys_optional() -> None:
    assert one(secret(f"{PATH}, avp.kubernetes.io/remove-missing: 'true'", "stringData: {a: <user>}")).optional


@pytest.mark.parametrize(
    ("annotations", "content"),
    [
        (f"{PATH}, avp.kubernetes.io/ignore: 'true'", "stringData: {a: <user>}"),
        ("", "stringData: {a: <user>}"),
        (PATH, "stringData: {a: plain}"),
        ("", "stringData: {a: '<path:kv/data/x>'}"),
    ],
)
def test_what_the_plugin_leaves_alone_is_no_reference(annotations: str, content: str) -> None:
    assert found(secret(annotations, content)).references == ()


def test_a_generator_is_asked_at_the_refresh_of_its_slowest_user() -> None:
    generator = f"""
apiVersion: generators.external-secrets.io/v1alpha1
kind: VaultDynamicSecret
metadata: {{name: db, namespace: shop}}
spec: {{path: database/creds/ro, provider: {{server: "https://v", auth: {KUBERNETES}}}}}
"""
    asks = "  dataFrom: [{sourceRef: {generatorRef: {kind: VaultDynamicSecret, name: db}}}]\n"
    slower = EXTERNAL.replace("name: config", "name: slow").replace("1h30m", "2h")

    reference = one(generator, EXTERNAL + asks, slower + asks)

    assert reference.refresh_after == 7200
    assert spots(reference)["refresh"] == ("ExternalSecret", "spec.refreshInterval")


def test_the_agents_token_is_for_the_audience_of_the_chosen_volume() -> None:
    volume = "{name: t, projected: {sources: [{serviceAccountToken: {path: token, audience: vault}}]}}"
    on = f"{V}agent-inject: 'true', {V}role: app, {V}agent-inject-secret-c: kv/a"
    chosen = f"{on}, {V}agent-service-account-token-volume-name: t"

    found_audiences = [
        one(pod("a", f"serviceAccountName: web, volumes: [{volume}]", annotations)).identity.audiences
        for annotations in (on, chosen)
    ]

    assert found_audiences == [(), ("vault",)]


def at(namespace: str, *documents: str) -> Found:
    """What the documents ask, sent to a namespace by the deployer."""
    read = read_stream("\n---\n".join(documents).encode(), "tree.yaml")
    loaded = load(read.manifests)
    return find(expand(loaded).manifests, loaded, namespace)


@pytest.mark.parametrize("namespace", ["default", ""])
@pytest.mark.parametrize(
    "documents",
    [
        (EXTERNAL + "  dataFrom: [{extract: {key: app}}]\n", store()),
        (CLASS, mounts("web", "web")),
        (injected(f"{V}agent-inject-secret-c: kv/data/app"),),
    ],
    ids=["external secret", "class", "pod"],
)
def test_an_object_without_a_namespace_is_in_the_deployers(documents: tuple[str, ...], namespace: str) -> None:
    result = at(namespace, *(document.replace(", namespace: shop}", "}") for document in documents))

    assert {reference.identity.namespace for reference in result.references} == {namespace}


def test_a_store_of_another_namespace_is_not_that_of_an_object_in_the_deployers() -> None:
    external = EXTERNAL.replace(", namespace: shop}", "}") + "  dataFrom: [{extract: {key: app}}]\n"

    result = at("default", external, store())

    assert [(r.identity.label, r.path) for r in result.storeless] == [("SecretStore default/vault", "app")]
    assert result.references == ()


def test_a_store_that_is_not_in_the_tree_leaves_what_is_read_unknown() -> None:
    result = found(EXTERNAL + "  dataFrom: [{extract: {key: app}}, {find: {name: {regexp: x}}}]\n")

    assert [(r.identity.known, r.identity.label, r.path) for r in result.storeless] == [
        (False, "SecretStore shop/vault", ""),
        (False, "SecretStore shop/vault", "app"),
    ]
    assert result.references == ()


CLUSTER_EXTERNAL = """
apiVersion: external-secrets.io/v1
kind: ClusterExternalSecret
metadata: {name: config}
spec:
  NAMESPACES
  externalSecretSpec:
    secretStoreRef: {name: vault, kind: ClusterSecretStore}
    refreshInterval: 1h
    data: [{secretKey: A, remoteRef: {key: app, property: user}}]
"""


@pytest.mark.parametrize(
    ("namespaces", "expected"),
    [
        ("namespaces: [billing, shop]", ["billing", "shop"]),
        ("namespaceSelectors: [{matchLabels: {team: shop}}]", [""]),
    ],
)
def test_a_cluster_external_secret_reads_in_each_of_its_namespaces(namespaces: str, expected: list[str]) -> None:
    shared = store().replace("kind: SecretStore", "kind: ClusterSecretStore").replace(", namespace: shop}", "}")

    result = found(CLUSTER_EXTERNAL.replace("NAMESPACES", namespaces), shared)

    assert [(r.mount, r.path, r.keys, r.refresh_after, r.identity.namespace) for r in result.references] == [
        ("kv", "app", ("user",), 3600, namespace) for namespace in expected
    ]
    assert spots(result.references[0])["path"] == (
        "ClusterExternalSecret",
        "spec.externalSecretSpec.data.0.remoteRef.key",
    )


@pytest.mark.parametrize(("find_entry", "listed"), [("path: prod, ", "kv/metadata/prod"), ("", "kv/metadata")])
def test_find_is_a_listing(find_entry: str, listed: str) -> None:
    reference = one(EXTERNAL + f"  dataFrom: [{{find: {{{find_entry}name: {{regexp: x}}}}}}]\n", store())

    assert (reference.kind, reference.path, reference.method, reference.engine) == ("raw", listed, "LIST", 2)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("kv/app", ("kv", "app")),
        ("kv/data/app", ("kv", "app")),
        ("/app", ("kv", "app")),
        ("/kv/app", ("kv", "kv/app")),
        ("/kv/data/app", ("kv", "kv/data/app")),
    ],
)
def test_only_a_key_that_begins_with_just_the_mount_is_cut(key: str, expected: tuple[str, str]) -> None:
    reference = one(EXTERNAL + f"  dataFrom: [{{extract: {{key: {key}}}}}]\n", store())

    assert (reference.mount, reference.path) == expected


def test_a_listing_of_the_agent_is_one() -> None:
    template = '{{ range secrets "kv/metadata/app/" }}{{ . }}{{ end }}'

    reference = one(injected(f"{V}agent-inject-secret-c: x, {V}agent-inject-template-c: '{template}'"))

    assert (reference.path, reference.method) == ("kv/metadata/app", "LIST")


@pytest.mark.parametrize(
    ("template", "engine"),
    [
        ('{{ with secret "kv/app" }}{{ .Data.data.user }}{{ end }}', 2),
        ('{{ with secret "kv/app" }}{{ range $k, $v := .Data.data }}{{ $k }}{{ end }}{{ end }}', 2),
        ('{{ $s := secret "kv/app" }}{{ $s.Data.data.user }}', 2),
        ('{{ with secret "kv/app" }}{{ .Data.user }}{{ end }}', None),
        ('{{ with secret "kv/app" }}{{ .Data.database }}{{ end }}', None),
    ],
)
def test_a_template_that_reads_data_data_is_for_version_2(template: str, engine: int | None) -> None:
    reference = one(injected(f"{V}agent-inject-secret-c: x, {V}agent-inject-template-c: '{template}'"))

    assert (reference.path, reference.engine) == ("kv/app", engine)
