"""The two command lines that machines write, read without click: `render` with plain options, and `cmp generate`.

Rule: anything else (help, a slip, an option cut short, completion) is left to click, which alone says what is wrong. A test reads many
lines by both and compares, and holds this table against click's declarations. Importing click costs a third of a small render.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from keywave.commands.options import DEFAULT_TIMEOUT, TARGETS


class Text(NamedTuple):
    """An option with a value: where it goes, what holds when it is not said, and the values it may have (() = any)."""

    name: str
    default: str | None = ""
    choices: tuple[str, ...] = ()
    variable: str = ""


TEXTS: dict[str, Text] = {
    "--target": Text("target", "argocd", TARGETS),
    "--profiles": Text("profiles", variable="KEYWAVE_PROFILES"),
    "--profile": Text("profile"),
    "--project": Text("project", variable="ARGOCD_APP_PROJECT_NAME"),
    "--destination-namespace": Text("destination_namespace", variable="ARGOCD_APP_NAMESPACE"),
    "--name": Text("name"),
    "--cache-dir": Text("cache_dir", variable="KEYWAVE_CACHE_DIR"),
    "--name-prefix": Text("name_prefix"),
    "--name-suffix": Text("name_suffix"),
    "--namespace": Text("namespace"),
    "--out": Text("out", "-"),
    "--format": Text("form", "yaml", ("yaml", "json")),
    "--layer": Text("layer"),
    "--kit": Text("kit", None, ("platform",)),
    "--verify": Text("verify", None, ("off", "lock", "live")),
    "--report": Text("report", "text", ("text", "json", "github")),
}
FLAGS: dict[str, str] = {
    "--allow-remote": "allow_remote",
    "--allow-helm": "allow_helm",
    "--label-without-selector": "label_without_selector",
    "--allow-empty": "allow_empty",
    "--strict": "strict",
}
LISTS: dict[str, str] = {
    "--image": "images",
    "--replicas": "replicas",
    "--label": "labels",
    "--annotation": "annotations",
    "--component": "components",
    "--patch": "patches",
}


def command(argv: Sequence[str]) -> Callable[[], int] | None:
    """What the command line asks for, or None where click has to read it."""
    if argv == ["cmp", "generate"]:
        from keywave.commands import cmp_generate

        return cmp_generate.run
    given = options(argv[1:]) if argv and argv[0] == "render" else None
    if given is None:
        return None
    from keywave.commands import rendering

    return lambda: rendering.run(given)


def options(args: Sequence[str]) -> dict[str, Any] | None:
    """The options of `render` under click's names, or None for a line that is not plain."""
    given: dict[str, Any] = {
        "path": ".",
        "timeout": DEFAULT_TIMEOUT,
        **{text.name: os.environ.get(text.variable) or text.default for text in TEXTS.values()},
        **dict.fromkeys(FLAGS.values(), False),
    }
    lists: dict[str, list[str]] = {name: [] for name in LISTS.values()}
    paths: list[str] = []
    rest = iter(args)
    for word in rest:
        option, equals, value = word.partition("=")
        if word == "-" or not word.startswith("-"):
            paths.append(word)
        elif word in FLAGS:
            given[FLAGS[word]] = True
        elif option in TEXTS or option in LISTS:
            value = value if equals else next(rest, "")
            if not value or (value.startswith("-") and value != "-"):
                return None
            if option in LISTS:
                lists[LISTS[option]].append(value)
            elif TEXTS[option].choices and value not in TEXTS[option].choices:
                return None
            else:
                given[TEXTS[option].name] = value
        else:
            return None
    if len(paths) > 1 or "" in paths:
        return None
    return {**given, **{name: tuple(values) for name, values in lists.items()}, "path": paths[0] if paths else "."}
