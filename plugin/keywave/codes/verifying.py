"""Codes KW8: what Vault holds. KW80 looking, KW81 mounts and KV, KW82 engines with roles, KW83 PKI, KW84 logins, KW85 rights, KW86 least
privilege."""

from __future__ import annotations

CODES: dict[str, str] = {
    # looking
    "KW8001": "Vault did not answer",
    "KW8002": "the verifier may not look",
    "KW8003": "not covered by the lock",
    "KW8004": "a lock that is old",
    "KW8005": "a lock that cannot be read",
    "KW8006": "not checkable without reading a value",
    "KW8007": "a login that the tree does not hold",
    "KW8008": "no lock for a profile",
    "KW8009": "the lock and Vault differ",
    # mounts and KV
    "KW8101": "a mount that does not exist",
    "KW8102": "a mount of another type",
    "KW8103": "KV version 1 taken for 2, or 2 for 1",
    "KW8104": "data/ missing or too much in a path",
    "KW8105": "a path that does not exist",
    "KW8106": "a version that does not exist",
    "KW8107": "a version that is deleted",
    "KW8108": "a version that is destroyed",
    "KW8109": "the latest version is deleted",
    "KW8110": "a key that does not exist",
    "KW8111": "a folder, not a secret",
    "KW8112": "a key that the operator refuses",
    "KW8113": "a version that will be deleted",
    # engines with roles
    "KW8201": "an engine role that does not exist",
    "KW8202": "a static role asked for as a dynamic one, or the reverse",
    "KW8203": "a lease that ends before it is refreshed",
    "KW8204": "static credentials without allowStaticCreds",
    "KW8205": "a lease that lives longer than its token",
    # PKI
    "KW8301": "a PKI role that does not exist",
    "KW8302": "an issuer that does not exist",
    "KW8303": "a name that the PKI role does not allow",
    "KW8304": "an address, URI or other name that the PKI role does not allow",
    "KW8305": "a certificate shorter than asked",
    "KW8306": "a certificate that is renewed at once, or never in time",
    # logins
    "KW8401": "an auth method that is not mounted",
    "KW8402": "an auth method of another type",
    "KW8403": "an auth role that does not exist",
    "KW8404": "a ServiceAccount that is not bound to the role",
    "KW8405": "a namespace that is not bound to the role",
    "KW8406": "an audience that does not match",
    "KW8407": "claims of a JWT that do not match",
    "KW8408": "a RoleID that nobody has",
    "KW8409": "a role bound to everybody",
    "KW8410": "a token that ends too early",
    # rights
    "KW8501": "a policy that does not exist",
    "KW8502": "the login may not read the path",
    "KW8503": "the login may not ask it this way",
    "KW8504": "a policy that cannot be read",
    "KW8505": "rights that depend on the identity",
    "KW8506": "a policy without data/ on KV version 2",
    "KW8507": "a login that Vault refuses",
    "KW8508": "a token that may not renew itself or its leases",
    # least privilege
    "KW8601": "a policy that grants more paths than these intents need",
    "KW8602": "a policy that grants writing or deleting",
    "KW8603": "a policy with sudo on what is only read",
    "KW8604": "a policy on Vault's own settings",
}
