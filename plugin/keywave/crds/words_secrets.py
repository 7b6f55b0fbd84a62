"""Words for the kinds that write a Secret, and for SecretTransformation. Ours, written from what the fields do."""

from __future__ import annotations

from keywave.crds.openapi import Words, under

_TEXT = (
    'Go template of the value. {{ get .Secrets "username" }} reads a key of the source; .Metadata, .Labels and .Annotations are '
    "those of the object. Functions: sprig's, without those that ask the clock, the network or the environment."
)
_TEMPLATE: Words = {
    "": "Key of the Secret -> template of its value.",
    "name": "A name for messages and for templateRefs. The key when left out.",
    "text": _TEXT,
}
_INCLUDES = "Regular expressions: only keys of Vault that one of them matches are copied. All when empty. Templates see every key."
_EXCLUDES = "Regular expressions: keys of Vault that one of them matches are left out, even when includes has them."

TRANSFORMATION: Words = {
    "": "What becomes of Vault's data on the way into the Secret.",
    **under("templates", _TEMPLATE),
    "transformationRefs": "SecretTransformation objects whose templates and filters count as well, in this order.",
    "transformationRefs.namespace": "Namespace of the SecretTransformation. This object's own when left out.",
    "transformationRefs.name": "Name of the SecretTransformation.",
    "transformationRefs.templateRefs": "The templates to take from it. All of them when empty.",
    "transformationRefs.templateRefs.name": "Name of a template there.",
    "transformationRefs.templateRefs.keyOverride": "Key of the Secret that its result goes to, in place of the key there.",
    "transformationRefs.ignoreIncludes": "Take its templates and not its includes.",
    "transformationRefs.ignoreExcludes": "Take its templates and not its excludes.",
    "includes": _INCLUDES,
    "excludes": _EXCLUDES,
    "excludeRaw": "Leave out the key _raw, which holds Vault's whole answer as JSON.",
}

DESTINATION: Words = {
    "": "The Kubernetes Secret that is written. It is always in the namespace of this object.",
    "name": "Name of the Secret.",
    "create": "Make the Secret and own it, so that it goes with this object. Otherwise it must be there, and only its data is replaced.",
    "overwrite": "Take over an existing Secret that no operator owns. Counts only with create.",
    "labels": "Labels of the Secret, beside those that mark it as owned. Needs create.",
    "annotations": "Annotations of the Secret. Needs create.",
    "type": (
        "Type of the Secret, such as kubernetes.io/tls; Opaque when empty. Needs create. To change it the Secret is deleted and made "
        "again."
    ),
    **under("transformation", TRANSFORMATION),
}

_RESTARTS: Words = {
    "": "Workloads of this namespace that are restarted once when the data changed, not when the Secret is first made.",
    "kind": "Kind of the workload; argo.Rollout is a Rollout of Argo Rollouts.",
    "name": "Name of the workload.",
}
_SYNC: Words = {
    "": "How changes in Vault are noticed.",
    "instantUpdates": "Listen to Vault's events and read again at once (Vault Enterprise 1.16.3 or later). refreshAfter goes on beside it.",
}

COMMON: Words = {
    "vaultAuthRef": "VaultAuth to log in with: name, or namespace/name. When empty, the one named default in the operator's namespace.",
    "namespace": "Vault namespace of the secret (Vault Enterprise). That of the login when empty.",
    **under("destination", DESTINATION),
    **under("rolloutRestartTargets", _RESTARTS),
}
REFRESH_AFTER = "How often Vault is asked again: one number with s, m or h. Some jitter is taken off."
HMAC = (
    "Keep a keyed hash of the data in the status, so that the Secret is written only when something changed and a change made by "
    "hand is put right. Restarts need it."
)
KV: Words = {
    "mount": "Mount of the KV engine.",
    "path": "Path of the secret below the mount, without data/.",
    "version": "Version to read, of a kv-v2 engine. The latest with 0, or when left out.",
    "type": "Kind of the engine at the mount.",
}
ISSUED: Words = {
    "mount": "Mount of the engine that issues the credentials, such as database.",
    "path": "Path below the mount that issues them: creds/app, static-creds/app.",
    "requestHTTPMethod": "HTTP method of the request. GET when left out; with params always PUT.",
    "params": "Parameters of the request. All values are texts.",
    "renewalPercent": "How much of a lease may pass before it is renewed, in percent.",
    "revoke": "Revoke the lease when this object is deleted.",
    "allowStaticCreds": "The path gives credentials of a static role, without a lease: follow Vault's rotation of them.",
    "refreshAfter": "How often to ask again where Vault gives neither lease nor rotation: one number with s, m or h.",
}

STATIC: Words = {
    "": "A secret of a KV engine and the Kubernetes Secret that it goes to.",
    **COMMON,
    **KV,
    "refreshAfter": REFRESH_AFTER + " A minute when left out.",
    "hmacSecretData": HMAC,
    **under("syncConfig", _SYNC),
}

DYNAMIC: Words = {
    "": "Credentials that Vault issues, mostly with a lease, and the Kubernetes Secret that they go to.",
    **COMMON,
    **ISSUED,
    **under("syncConfig", _SYNC),
}

PKI: Words = {
    "": "A certificate that Vault's PKI engine issues and the Kubernetes Secret that it goes to.",
    **COMMON,
    "mount": "Mount of the PKI engine.",
    "role": "Role of the PKI engine that issues.",
    "revoke": "Revoke the certificate when this object is deleted or a new one has taken its place.",
    "clear": "Empty the Secret when this object is deleted. For a Secret that was not made here.",
    "expiryOffset": "How long before its end a certificate is replaced: one number with s, m or h. Jitter only makes it earlier.",
    "issuerRef": "Issuer of the mount. The role's own when empty.",
    "commonName": "Common name of the subject.",
    "altNames": "Further DNS names and e-mail addresses.",
    "ipSans": "IP addresses in the certificate.",
    "uriSans": "URIs in the certificate.",
    "otherSans": "Names of other kinds, each as <oid>;<type>:<value>.",
    "userIDs": "User ids, as further parts of the subject.",
    "ttl": "Validity that is asked for: one number with s, m, h or d. The role's when left out.",
    "format": "Form of the certificate: pem (as when empty), der or pem_bundle.",
    "privateKeyFormat": "Form of the private key: der (as when empty) or pkcs8.",
    "notAfter": "Fixed end of the validity, in UTC, as 2030-01-31T00:00:00Z.",
    "excludeCNFromSans": "Do not repeat the common name among the alternative names.",
}

SHARED_TRANSFORMATION: Words = {
    "": "Templates and filters that several secret objects share.",
    **under("templates", _TEMPLATE),
    "sourceTemplates": "Templates that only define others, by {{ define }}. They make no key of the Secret.",
    "sourceTemplates.name": "A name for messages.",
    "sourceTemplates.text": "The text with the definitions.",
    "includes": _INCLUDES,
    "excludes": _EXCLUDES,
}
