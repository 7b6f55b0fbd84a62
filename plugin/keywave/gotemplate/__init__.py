"""Go's text/template with sprig's functions, as Vault Secrets Operator offers them to `destination.transformation.templates`.

    template = parse("password", '{{ get .Secrets "password" | b64dec }}')
    text = template.render(secret_input(secrets))

Pure: no I/O, no clock or chance but the injected ones; a template reaches plain values only. A text may hold bytes that are no UTF-8
(`b64dec` of a key store): they are surrogates in it, `text.encode("utf-8", "surrogateescape")` gives the bytes.
"""

from __future__ import annotations

from keywave.gotemplate.failing import TemplateError
from keywave.gotemplate.running import Limits, Outside
from keywave.gotemplate.template import FUNCTIONS, NOT_OFFERED, RANDOM, Template, parse
from keywave.gotemplate.values import Number, Struct, secret_input

__all__ = [
    "FUNCTIONS",
    "NOT_OFFERED",
    "RANDOM",
    "Limits",
    "Number",
    "Outside",
    "Struct",
    "Template",
    "TemplateError",
    "parse",
    "secret_input",
]
