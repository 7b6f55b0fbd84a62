"""Codes KW4: waves, layers, dependencies."""

from __future__ import annotations

CODES: dict[str, str] = {
    "KW4001": "objects that wait for each other",
    "KW4002": "a sync wave that is no whole number in quotes",
    "KW4003": "a Secret that is not made before the workload that needs it",
    "KW4004": "a hook that needs a Secret of a later phase",
    "KW4005": "a later wave for what a secret object needs",
    "KW4006": "a secret object that fills a Secret which nothing makes",
    "KW4007": "a Namespace in a later wave than what is in it",
    "KW4008": "changing metadata on a dynamic or PKI secret",
    "KW4009": "a placeholder that nothing substitutes",
    "KW4010": "Flux's placeholders and a template's own dollars in one object",
}
