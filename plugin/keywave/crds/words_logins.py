"""Words for VaultConnection, VaultAuth and VaultAuthGlobal: what `kubectl explain` shows. Ours, written from what the fields do."""

from __future__ import annotations

from keywave.crds.openapi import Words, under

CONNECTION: Words = {
    "": "Where Vault is and how it is reached.",
    "address": "URL of Vault with scheme and port, such as https://vault.example.com:8200.",
    "headers": "HTTP headers that go with every request.",
    "tlsServerName": "Name that Vault's certificate must bear, where it is not the host of the address. It is also sent as SNI.",
    "caCertSecretRef": (
        "Name of a Secret beside this object whose key ca.crt holds, as PEM, the CA that Vault's certificate is verified with."
    ),
    "caCertPath": "Path of a PEM file in the operator's container with the CA, in place of caCertSecretRef.",
    "skipTLSVerify": "Accept any certificate. Whoever stands between can then pose as Vault: for experiments only.",
    "timeout": "How long one request may take: one number with s, m or h. A minute when left out.",
}

_KUBERNETES: Words = {
    "": "Login with a token of a Kubernetes ServiceAccount, asked for when it is needed.",
    "role": "Role of the auth mount to log in as.",
    "serviceAccount": "ServiceAccount whose token is used, in the namespace of the object that logs in and not of this one.",
    "audiences": "Audiences of the token. The API server's own when left out.",
    "tokenExpirationSeconds": "Lifetime of the ServiceAccount's token, in seconds. Kubernetes gives none below ten minutes.",
}
_JWT: Words = {
    "": "Login with a JSON Web Token: of a ServiceAccount, or one that lies in a Secret.",
    "role": "Role of the auth mount to log in as.",
    "secretRef": "Secret whose key jwt holds the token, in the namespace of the object that logs in. In place of serviceAccount.",
    "serviceAccount": "ServiceAccount whose token is used, in the namespace of the object that logs in. In place of secretRef.",
    "audiences": "Audiences of the ServiceAccount's token; the role's bound_audiences must hold one of them.",
    "tokenExpirationSeconds": "Lifetime that is asked for the ServiceAccount's token, in seconds. At least ten minutes.",
}
_APPROLE: Words = {
    "": "Login with the ids of an AppRole.",
    "roleId": "The role id. It is no secret by itself.",
    "secretRef": "Secret whose key id holds the secret id, in the namespace of the object that logs in.",
    "secretIDPath": "Absolute path of a file in the operator's container that holds the secret id, in place of secretRef.",
}
_AWS: Words = {
    "": "Login with an identity of AWS IAM, by a signed request to STS.",
    "role": "Role of the auth mount to log in as.",
    "region": "Region of the STS that signs.",
    "headerValue": "Value of X-Vault-AWS-IAM-Server-ID, where the auth mount demands one.",
    "sessionName": "Name of the session when a role is assumed.",
    "stsEndpoint": "URL of STS, where it is not the region's public one.",
    "iamEndpoint": "URL of IAM, where it is not the public one.",
    "secretRef": "Secret with the keys access_key_id, secret_access_key and, for temporary credentials, session_token.",
    "irsaServiceAccount": "ServiceAccount that bears the annotation of an IAM role (IRSA); its token is traded for credentials.",
}
_GCP: Words = {
    "": "Login with an identity of Google Cloud.",
    "role": "Role of the auth mount to log in as.",
    "workloadIdentityServiceAccount": "ServiceAccount that is bound to one of Google Cloud (workload identity).",
    "region": "Region of the cluster. Asked of the metadata server when left out.",
    "clusterName": "Name of the GKE cluster. Asked of the metadata server when left out.",
    "projectID": "Project of the cluster. Asked of the metadata server when left out.",
}
_METHODS = {"kubernetes": _KUBERNETES, "appRole": _APPROLE, "jwt": _JWT, "aws": _AWS, "gcp": _GCP}
_GLOBAL_BLOCK: Words = {
    "namespace": "Vault namespace of logins with this method, before defaultVaultNamespace.",
    "mount": "Auth mount of logins with this method, before defaultMount.",
    "params": "Parameters of logins with this method.",
    "headers": "HTTP headers of logins with this method.",
}

_ALLOWED = (
    "Namespaces whose objects may refer to this one. Its own always may. A single * stands for all of them; beside other names it "
    "stands for nothing."
)

AUTH: Words = {
    "": "How one logs in to Vault. The objects that log in refer to it.",
    "vaultConnectionRef": (
        "VaultConnection to log in through: name, or namespace/name. When empty, the one named default in the operator's namespace."
    ),
    "vaultAuthGlobalRef": "VaultAuthGlobal that fills in what this object leaves out.",
    "vaultAuthGlobalRef.name": "Name of the VaultAuthGlobal.",
    "vaultAuthGlobalRef.namespace": "Namespace of the VaultAuthGlobal. This object's own when left out.",
    "vaultAuthGlobalRef.mergeStrategy": "What becomes of maps that both objects have.",
    "vaultAuthGlobalRef.mergeStrategy.headers": (
        "union: both together, this object's entries first. replace: this object's map, and the shared one only where this one has "
        "none. none, as when left out: this object's alone."
    ),
    "vaultAuthGlobalRef.mergeStrategy.params": "The same for the parameters of the login: union, replace or none.",
    "vaultAuthGlobalRef.allowDefault": "Without a name: look for one named default, in this object's namespace and then in the operator's.",
    "namespace": "Vault namespace of the login (Vault Enterprise).",
    "allowedNamespaces": _ALLOWED,
    "method": "Way of logging in; the block of the same name says the rest. The shared object's when empty.",
    "mount": "Path of the auth mount, without auth/ in front. The shared object's when empty.",
    "params": "Parameters that go with the login.",
    "headers": "HTTP headers that go with every request of this identity.",
    "storageEncryption": "Key of the transit engine that encrypts cached tokens. keywave stores no token and leaves it alone.",
    "storageEncryption.mount": "Mount of the transit engine.",
    "storageEncryption.keyName": "Name of the transit key.",
    **{path: text for method, words in _METHODS.items() for path, text in under(method, words).items()},
}

AUTH_GLOBAL: Words = {
    "": "What several VaultAuth objects share. Their own fields win, then the block of the method, then the defaults here.",
    "allowedNamespaces": _ALLOWED,
    "vaultConnectionRef": "VaultConnection of logins that name none: name, or namespace/name.",
    "defaultVaultNamespace": "Vault namespace of logins that name none.",
    "defaultAuthMethod": "Method of logins that name none.",
    "defaultMount": "Auth mount of logins that name none.",
    "params": "Parameters of all logins; how they are merged says vaultAuthGlobalRef.mergeStrategy.",
    "headers": "HTTP headers of all logins; how they are merged says vaultAuthGlobalRef.mergeStrategy.",
    **{
        path: text
        for method, words in _METHODS.items()
        for path, text in under(method, {**words, **_GLOBAL_BLOCK}).items()
    },
}
