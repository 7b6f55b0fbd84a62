"""Codes KW3: expansion to the target's kinds."""

from __future__ import annotations

CODES: dict[str, str] = {
    "KW3001": "a delivery pattern that this version does not render",
    # login
    "KW3002": "no ServiceAccount to log in with",
    "KW3003": "several ServiceAccounts for one intent",
    "KW3004": "the default ServiceAccount logs in",
    # the Secret
    "KW3005": "a template over sources that stay apart",
    "KW3006": "a template that reads a key which keys does not give",
    "KW3007": "a Secret type whose keys are missing",
    "KW3008": "a client certificate that the operator cannot present",
    "KW3009": "restarts that never happen",
    "KW3010": "a secret that is read only once",
    "KW3011": "a transformation that nobody defines",
    # fields of the operator
    "KW3012": "a raw field that the kind does not take",
    "KW3013": "a field that the operator of this version does not have",
    # objects together
    "KW3014": "an object that stands in the tree already",
    "KW3015": "one object made in two ways",
    "KW3016": "a raw field that renames the Secret",
    "KW3017": "a certificate's format that does not fit kubernetes.io/tls",
}
