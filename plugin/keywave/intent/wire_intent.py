"""The wire schema of `SecretIntent.spec`, as data; descriptions are what an editor shows."""

from __future__ import annotations

from keywave.intent import wire_terms as t

KV_FIELDS: t.JsonSchema = {
    "kv": t.text("Path of a KV secret below the mount and the profile's prefix, without data/: payments/config."),
    "kvVersion": {
        "type": ["integer", "null"],
        "enum": [1, 2, None],
        "description": "Version of the KV engine at the mount. Default: the profile's kv.version, else 2.",
    },
    "prefix": t.text('Takes the place of the profile\'s kv.prefix for this path; "" means no prefix.', least=0),
    "version": t.number("Pinned version of the secret (KV version 2 only). Default: the latest.", least=1),
}
DYNAMIC_FIELDS: t.JsonSchema = {
    "dynamic": t.text(
        "Path below the mount of an engine that issues credentials: creds/payments-rw, static-creds/legacy."
    ),
    "method": t.choice("HTTP method of the request. Default: GET; with params always PUT.", "GET", "POST", "PUT"),
    "params": t.strings("Parameters of the request. All values are texts."),
    "renewalPercent": t.number("When to renew, in percent of the lease. Default: 67.", least=0, most=90),
    "allowStaticCreds": t.flag("Follow the rotation of a static role (static-creds/)."),
}
PKI_FIELDS: t.JsonSchema = {
    "pki": t.text(
        "Name of the PKI role that issues the certificate.", pattern=r"^[^/\s]+$", hint="the name of the role only"
    ),
    "issuer": t.text("Issuer of the PKI mount. Default: the role's."),
    "commonName": t.text("Common name. Default: the first name of services.", most=64),
    "altNames": t.texts("Further DNS names or e-mail addresses."),
    "ipSans": t.texts("IP addresses in the certificate."),
    "uriSans": t.texts("URIs in the certificate."),
    "otherSans": t.texts("Other names, as <oid>;<type>:<value>."),
    "userIDs": t.texts("User IDs in the subject."),
    "services": t.texts(
        "Services of the namespace; each gives <name>.<namespace>.svc and the same with .cluster.local. Renamed by kustomize.",
        pattern=t.LABEL,
        hint=t.LABEL_HINT,
    ),
    "ttl": t.text(
        "Validity, such as 720h or 30d. Default: the role's.", pattern=t.TTL, hint="one number with s, m, h or d"
    ),
    "notAfter": t.text("Fixed end of validity, as 2030-01-31T00:00:00Z."),
    "expiryOffset": t.duration("How long before the end a new certificate is issued. Default: a third of ttl."),
    "format": t.choice("Form of the certificate. Default: pem.", "pem", "der", "pem_bundle"),
    "privateKeyFormat": t.choice("Form of the private key.", "der", "pkcs8"),
    "excludeCNFromSans": t.flag("Leave the common name out of the alternative names."),
    "clear": t.flag("Empty the Secret when the intent is removed (only with create: false)."),
}
SHARED_FIELDS: t.JsonSchema = {
    "mount": t.text("Mount of the engine. Default: the profile's kv.mount, dynamic.mount or pki.mount."),
    "revoke": t.flag("Revoke the lease or certificate when the intent is removed."),
    "keys": t.secret_keys("Key in the Secret -> key in Vault. Left out: all keys."),
}
SOURCE_FIELDS: t.JsonSchema = {**KV_FIELDS, **DYNAMIC_FIELDS, **PKI_FIELDS, **SHARED_FIELDS}

CONSUMER_FIELDS: t.JsonSchema = {
    "workload": t.name("Name of the workload in the tree. Renamed by kustomize."),
    "kind": t.text(
        "Kind of the workload. Default: Deployment.", pattern="^[A-Z][A-Za-z]*$", hint="a kind such as StatefulSet"
    ),
    "container": t.label("Name of the container. Default: the only one."),
    "envFrom": t.flag("All keys as environment variables."),
    "env": t.strings(
        "Variable -> key of the Secret.", names=t.ENV_NAME, hint="the name of a variable", empty_values=False
    ),
    "mountPath": t.text("Folder at which the keys are mounted as files.", pattern="^/", hint="an absolute path"),
    "items": t.secret_keys("Key of the Secret -> file below mountPath. Left out: all keys."),
    "mode": t.number(
        "Mode of the files, such as 0400.", least=0, most=0o777, hint="write it in octal, with a zero in front: 0440"
    ),
}

DELIVERIES = ("secret", "csi", "csi-sync", "init", "sidecar", "injector", "eso")
RESTART_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "argo.Rollout")

DELIVERY_FIELDS: t.JsonSchema = {
    "profile": t.name("Name of the VaultProfile. Default: the only one. Renamed by kustomize."),
    "deliver": t.choice("How the secret gets to the workload. Default: the profile's, else secret.", *DELIVERIES),
    "sources": t.named(
        "Several Vault paths into one Secret: name -> source.", SOURCE_FIELDS, names=t.LABEL, hint=t.LABEL_HINT
    ),
    "templates": t.secret_keys("Key in the Secret -> Go template over the keys: '{{ get .Secrets \"A\" }}'."),
    "transformations": t.texts(
        "Names of the profile's transformations, or of SecretTransformation objects.",
        pattern=t.REFERENCE,
        hint="name, or namespace/name",
    ),
    "includes": t.texts("Regular expressions of Vault keys to take over. Not with keys."),
    "excludes": t.texts("Regular expressions of Vault keys to leave out. Not with keys."),
    "excludeRaw": t.flag("Leave out the key _raw, which holds everything as JSON. Default: true."),
    "type": t.text(
        "Type of the Secret. Default: Opaque; kubernetes.io/tls for pki.", pattern=r"^\S+$", hint="a Secret type"
    ),
    "labels": t.label_map("Labels of the Secret."),
    "annotations": t.strings("Annotations of the Secret.", names=t.QUALIFIED, hint="an annotation's name"),
    "create": t.flag("Make the Secret. Default: true; false fills one that exists."),
    "overwrite": t.flag("Take over a Secret that exists and that nobody owns. Default: false."),
    "refreshAfter": t.duration("How often Vault is asked again. Default: the profile's."),
    "hmacSecretData": t.flag("Compare by HMAC, so that the Secret is written only when it changed. Default: true."),
    "instantUpdates": t.flag("React to Vault's events at once (Vault Enterprise)."),
    "serviceAccount": t.name("ServiceAccount that logs in. Default: that of the consumers. Renamed by kustomize."),
    "vaultNamespace": t.text("Vault namespace (Enterprise). Default: the profile's."),
    "consumers": t.records(
        "Wiring that keywave shall do; consumers that are wired already are found.",
        CONSUMER_FIELDS,
        required=("workload",),
    ),
    "restart": t.flag("Restart the consumers when the Secret changes. Default: true."),
    "restartTargets": t.records(
        "Further workloads to restart.",
        {
            "kind": t.choice("Kind of the workload.", *RESTART_KINDS),
            "name": t.name("Name of the workload. Renamed by kustomize."),
        },
        required=("kind", "name"),
    ),
    "vso": t.raw("Further fields of the Vault Secrets Operator kind, merged last."),
    "csi": t.raw("Further fields of the SecretProviderClass, merged last."),
    "eso": t.raw("Further fields of the ExternalSecret, merged last."),
    "injector": t.raw("Further annotations of the Vault Agent Injector, merged last."),
}

SECRET_INTENT_SPEC: t.JsonSchema = t.record(
    "Which Vault path goes, under which keys, to which workload, and how.", {**SOURCE_FIELDS, **DELIVERY_FIELDS}
)
