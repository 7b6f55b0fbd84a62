"""Go template text for the operator: keys that must exist, and user templates that see the renamed keys.

Only functions of the operator's allow-list are used (Vault Secrets Operator 0.10.0, `template/funcs.go`): `hasKey`, `fail`, `get`,
`kindIs`, `mustToJson`, `dict`. Non-strings come out as the operator's own raw copying gives them: JSON.
"""

from __future__ import annotations

from collections.abc import Mapping

from keywave.objects.later import later

_READ = later(
    r"""(?:\bget\s+|\bindex\s+)\$?\.Secrets\s+(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`)|\.Secrets\.([A-Za-z_][A-Za-z0-9_]*)"""
)


def quote(text: str) -> str:
    """A Go string literal; JSON's escapes are Go's, as long as nothing becomes a surrogate pair."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    import json  # keys are plain words

    return json.dumps(text, ensure_ascii=False)


def guarded(vault_key: str, path: str) -> str:
    """The value of one Vault key; the refresh fails where the key is missing (`get` alone would give an empty string)."""
    key = quote(vault_key)
    reason = quote(f"{path} has no key {vault_key}")
    return (
        f"{{{{- if not (hasKey .Secrets {key}) -}}}}{{{{- fail {reason} -}}}}{{{{- end -}}}}"
        f"{{{{- $value := get .Secrets {key} -}}}}"
        '{{- if kindIs "string" $value -}}{{- $value -}}{{- else -}}{{- mustToJson $value -}}{{- end -}}'
    )


def over_keys(text: str, keys: Mapping[str, str], name: str) -> str:
    """A user's template, run over the chosen keys under their new names; as it is where no key is renamed.

    The text becomes a template of its own (`define`), so that `.` and `$` are the new data, and no white space of it is lost.
    """
    if all(new == old for new, old in keys.items()):
        return text
    pairs = " ".join(f"{quote(new)} (get .Secrets {quote(old)})" for new, old in keys.items())
    data = f'dict "Secrets" (dict {pairs}) "Metadata" .Metadata "Annotations" .Annotations "Labels" .Labels'
    inner = quote(f"keywave/{name}")
    return f"{{{{ define {inner} }}}}{text}{{{{ end }}}}{{{{ template {inner} ({data}) }}}}"


def keys_read(text: str) -> list[str]:
    """The keys that a template names literally: `get .Secrets "a"`, `index .Secrets "a"`, `.Secrets.a`. In order, each once."""
    found = [match[1] or match[2] or match[3] for match in _READ.finditer(text)]
    return list(dict.fromkeys(key for key in found if key))
