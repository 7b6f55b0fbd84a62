"""The closed set of placeholders in a profile: `{namespace} {name} {serviceAccount} {profile} {project}`.

`{profile}` and `{project}` are filled when the profile is loaded, `{namespace}` and `{name}` for each intent, `{serviceAccount}` by
expansion, which knows the workload. Rule: a text is never formatted by Python (`str.format` reaches attributes); only `{word}` is
replaced, and `${word}` is Flux's and stays.
"""

from __future__ import annotations

from collections.abc import Mapping

from keywave.objects.later import later

NAMES = ("namespace", "name", "serviceAccount", "profile", "project")
_FORM = later(r"(?<!\$)\{([^{}]*)\}")


def names(text: str) -> list[str]:
    """The placeholders that a text uses, known or not, in order."""
    return _FORM.findall(text) if "{" in text else []


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace the placeholders that have a non-empty value; the others stay.

    `fill("{namespace}-{serviceAccount}", {"namespace": "shop"})` is `"shop-{serviceAccount}"`. Values are not filled again.
    """
    if "{" not in text:
        return text
    return _FORM.sub(lambda match: values.get(match[1]) or match[0], text)
