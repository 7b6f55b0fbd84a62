"""Codes KW1: VaultProfile and SecretIntent."""

from __future__ import annotations

CODES: dict[str, str] = {
    # shape
    "KW1001": "unknown version of keywave.dev",
    "KW1002": "unknown kind of keywave.dev",
    "KW1003": "unknown field",
    "KW1004": "value of the wrong type",
    "KW1005": "value that is not one of those allowed",
    "KW1006": "value that does not have the right form",
    "KW1007": "number out of range",
    "KW1008": "required field is missing",
    # objects together
    "KW1010": "two intents write one Secret",
    "KW1011": "profile defined twice",
    "KW1012": "tree defines a profile of the catalogue",
    "KW1013": "no profile to use",
    "KW1014": "several profiles, none chosen",
    "KW1015": "unknown profile",
    "KW1016": "intent among the catalogue's profiles",
    # sources
    "KW1020": "intent without a source",
    "KW1021": "several kinds of source at once",
    "KW1022": "field that does not belong to the source",
    "KW1023": "pinned version on KV version 1",
    "KW1024": "KV path with the API's data/ in it",
    "KW1025": "path that Vault would not take as it stands",
    "KW1026": "no mount for the source",
    "KW1027": "empty list of keys",
    "KW1028": "one key from two sources",
    "KW1029": "certificate in a fan-in",
    "KW1030": "keys of a certificate",
    "KW1031": "certificate without a usable name",
    "KW1032": "certificate without a renewal time",
    "KW1033": "certificate renewed at once, again and again",
    # delivery
    "KW1034": "key made twice",
    "KW1035": "fields that do not go together",
    "KW1036": "consumer without wiring",
    # placeholders and guardrails
    "KW1040": "unknown placeholder",
    "KW1041": "placeholder that cannot be filled",
    "KW1050": "not allowed by the profile's guardrails",
    "KW1051": "guardrail pattern that does not mean what it looks like",
    # profiles
    "KW1060": "Vault's certificate is not checked",
    "KW1061": "Vault is spoken to without TLS",
    "KW1062": "profile without an address",
    "KW1063": "login is incomplete",
    "KW1064": "login field of another method",
    "KW1065": "profile fields that do not go together",
}
