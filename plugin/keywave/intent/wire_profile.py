"""The wire schema of `VaultProfile.spec`, as data; descriptions are what an editor shows."""

from __future__ import annotations

from keywave.intent import wire_terms as t
from keywave.intent.wire_intent import DELIVERIES

METHODS = ("kubernetes", "jwt", "appRole", "aws", "gcp")
LABEL_SELECTOR = t.raw("A Kubernetes label selector: matchLabels, matchExpressions.")

AUTH_FIELDS: t.JsonSchema = {
    "method": t.choice("How one logs in. Default: kubernetes.", *METHODS),
    "mount": t.text("Mount of the auth method. Default: kubernetes, jwt, approle, aws or gcp. Takes placeholders."),
    "role": t.text("Vault role. Takes placeholders: {namespace}, {name}, {serviceAccount}, {profile}, {project}."),
    "serviceAccount": t.name("ServiceAccount of intents that no workload consumes. Renamed by kustomize."),
    "audiences": t.texts("Audiences of the token (kubernetes, jwt)."),
    "tokenExpirationSeconds": t.number("Life of the token (kubernetes, jwt). Default: 600.", least=600),
    "roleId": t.text("Role ID (appRole)."),
    "secretRef": t.name(
        "Name of the Secret with the credential: key id (appRole), jwt (jwt), access_key_id ... (aws)."
    ),
    "secretIDPath": t.text(
        "Absolute path of a file with the secret ID (appRole).", pattern="^/", hint="an absolute path"
    ),
    "region": t.text("Region (aws, gcp)."),
    "headerValue": t.text("Value of X-Vault-AWS-IAM-Server-ID (aws)."),
    "sessionName": t.text("Name of the session (aws)."),
    "stsEndpoint": t.text("STS endpoint (aws)."),
    "iamEndpoint": t.text("IAM endpoint (aws)."),
    "irsaServiceAccount": t.name("ServiceAccount with an IAM role (aws)."),
    "workloadIdentityServiceAccount": t.name("ServiceAccount with Workload Identity (gcp)."),
    "clusterName": t.text("Name of the GKE cluster (gcp)."),
    "projectID": t.text("Google Cloud project (gcp)."),
    "params": t.strings("Further parameters of the login."),
    "headers": t.strings("Headers of the login."),
    "allowedNamespaces": t.texts('Namespaces that may refer to the shared VaultAuth; ["*"] for all.'),
}

FLUX_FIELDS: t.JsonSchema = {
    "sourceRef": t.record(
        "Source of the Kustomizations. Default: GitRepository flux-system.",
        {
            "kind": t.choice("Kind of the source.", "GitRepository", "OCIRepository", "Bucket", "ExternalArtifact"),
            "name": t.name("Name of the source."),
            "namespace": t.label("Namespace of the source."),
        },
    ),
    "namespace": t.label("Namespace of the Kustomizations. Default: flux-system."),
    "interval": t.go_duration("Default: 1h."),
    "retryInterval": t.go_duration("Default: 2m."),
    "timeout": t.go_duration("How long one layer may take. Default: 5m."),
    "path": t.text("Path of the rendered tree in the source. Default: ./."),
    "prune": t.flag("Default: true."),
    "serviceAccountName": t.name("ServiceAccount that applies."),
}

VAULT_PROFILE_SPEC: t.JsonSchema = t.record(
    "Where Vault is and how one logs in there; once per environment.",
    {
        "address": t.text(
            "Address of Vault: https://vault.example.com:8200.",
            pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$",
            hint="scheme, host and port, such as https://vault.example.com:8200",
        ),
        "vaultNamespace": t.text("Vault namespace (Enterprise). Takes placeholders."),
        "caCertSecret": t.name("Secret with Vault's CA under the key ca.crt."),
        "caCertPath": t.text(
            "File with Vault's CA in the operator's container.", pattern="^/", hint="an absolute path"
        ),
        "tlsServerName": t.text("Name that Vault's certificate carries, where it is not the host of address."),
        "skipTLSVerify": t.flag("Do not check Vault's certificate. Always a finding. Default: false."),
        "headers": t.strings("Headers of every request."),
        "timeout": t.duration("Limit of one request. Default: 60s."),
        "tls": t.record("Client certificate.", {"clientCertSecret": t.name("Secret with tls.crt and tls.key.")}),
        "auth": t.record("How workloads log in.", AUTH_FIELDS),
        "kv": t.record(
            "Defaults of kv sources.",
            {
                "mount": t.text("Mount of the KV engine. Default: kv. Takes placeholders."),
                "prefix": t.text("Goes before every path: dev/. Takes placeholders.", least=0),
                "version": {
                    "type": ["integer", "null"],
                    "enum": [1, 2, None],
                    "description": "Version of the KV engine. Default: 2.",
                },
            },
        ),
        "dynamic": t.record("Defaults of dynamic sources.", {"mount": t.text("Mount of the engine: database.")}),
        "pki": t.record("Defaults of pki sources.", {"mount": t.text("Mount of the PKI engine: pki.")}),
        "deliver": t.choice("Delivery of intents that name none. Default: secret.", *DELIVERIES),
        "refreshAfter": t.duration("Refresh of intents that name none."),
        "emit": t.choice(
            "own: each application gets its own VaultAuth (default). refs: only secret objects, pointing at what is there. "
            "all: everything, also what is shared.",
            "all",
            "own",
            "refs",
        ),
        "refs": t.record(
            "With emit: refs, the objects in place. Left out: the operator's default.",
            {
                "connection": t.reference("VaultConnection."),
                "auth": t.reference("VaultAuth."),
                "authGlobal": t.reference("VaultAuthGlobal."),
            },
        ),
        "serviceAccounts": t.choice(
            "create: make those that the tree lacks (default). external: never.", "create", "external"
        ),
        "operator": t.record(
            "Who reconciles the rendered kinds.",
            {
                "kind": t.choice("Default: vso.", "vso", "keywave"),
                "version": t.text(
                    "Version of the operator; newer fields are findings. Default: 1.4.1.",
                    pattern=r"^v?[0-9]+\.[0-9]+(\.[0-9]+)?$",
                    hint='a version such as "1.4.1"',
                ),
                "namespace": t.label("Namespace of the operator."),
                "serviceAccount": t.name("ServiceAccount of the operator."),
            },
        ),
        "allow": t.record(
            "Guardrails: what a tree that uses this profile may do. Left out: anything. Patterns take placeholders.",
            {
                "projects": t.texts("Argo CD projects; * stands for any text."),
                "namespaces": t.texts("Namespaces of intents; * stands for any text."),
                "paths": t.texts("Full API paths: kv/data/{namespace}/*. A * at the end: any rest; + : one segment."),
                "roles": t.texts("Vault roles; * stands for any text."),
                "deliver": t.texts("Delivery patterns."),
            },
        ),
        "external": t.texts(
            "Secrets that come from elsewhere: references to them are no finding. * stands for any text."
        ),
        "network": t.record(
            "Makes NetworkPolicies that let the operator reach Vault.",
            {
                "vault": t.records(
                    "Where Vault is, as a policy can say it.",
                    {
                        "cidr": t.text(
                            "Address range: 10.0.0.5/32.", pattern=r"^[0-9a-fA-F:.]+/[0-9]{1,3}$", hint="a CIDR"
                        ),
                        "namespaceSelector": LABEL_SELECTOR,
                        "podSelector": LABEL_SELECTOR,
                        "port": t.number("Default: 8200.", least=1, most=65535),
                    },
                )
            },
        ),
        "transformations": t.named(
            "Shared transformations: name -> templates and filters.",
            {
                "templates": t.secret_keys("Key in the Secret -> Go template."),
                "includes": t.texts("Regular expressions of keys to take over."),
                "excludes": t.texts("Regular expressions of keys to leave out."),
            },
            names=t.SUBDOMAIN,
            hint=t.NAME_HINT,
        ),
        "flux": t.record("What --target flux writes.", FLUX_FIELDS),
        "argocd": t.record(
            "What --target argocd writes.",
            {
                "setupWave": t.number("Wave of connection and login. Default: -2."),
                "secretWave": t.number("Wave of the secret objects. Default: -1."),
            },
        ),
    },
)
