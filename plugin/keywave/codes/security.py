"""Codes KW6: security. KW60 what must not be in Git, KW61 connections and logins, KW62 rights, KW63 two engines."""

from __future__ import annotations

CODES: dict[str, str] = {
    "KW6001": "a Vault token in Git",
    "KW6002": "a private key in Git",
    "KW6003": "a Secret with its values in Git",
    "KW6004": "placeholders of argocd-vault-plugin",
    "KW6101": "Vault's certificate is not verified",
    "KW6102": "Vault is reached over plain http",
    "KW6103": "a login as the ServiceAccount default",
    "KW6201": "every verb on Secrets",
    "KW6202": "the operator's role on Secrets is too small",
    "KW6203": "a Vault policy on everything",
    "KW6204": "a Vault policy with sudo",
    "KW6205": "a Vault policy that is wider than delivery needs",
    "KW6206": "a Vault role for more than one identity",
    "KW6301": "Argo CD and Flux manage one namespace",
}
