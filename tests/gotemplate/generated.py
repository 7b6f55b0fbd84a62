"""Templates out of a grammar: mostly well formed, with variables in scope, some broken on purpose."""

from __future__ import annotations

import random
from collections.abc import Iterator

from gotemplate.call_cases import BY_LETTER, DATA

from keywave.gotemplate import FUNCTIONS, NOT_OFFERED, RANDOM
from keywave.gotemplate.calling import Function
from rig.go_templates import Question

_ATOMS = (
    ".", "$", ".text", ".num", ".real", ".yes", ".no", ".nul", ".missing", ".missing.deep", ".list", ".words", ".none", ".map",
    ".map.k", ".map.n.m", ".void", "$.text", "$.map.n", "1", "0", "-3", "2.5", "1e3", "0x1F", "0b11", "1_000", "017", "'x'", "'\\n'",
    '"a b"', '""', '"\\u00e9\\t"', "`raw \\n`", "true", "false", '"%v|%d"', ".uni", ".json", "(index .list 0)", "(len .text)",
)  # fmt: skip
_NAMES = sorted(FUNCTIONS.keys() - RANDOM - NOT_OFFERED - {"b64dec", "b32dec", "semver", "keys", "values", "repeat"})
_COMMON = (
    "eq", "ne", "lt", "le", "gt", "ge", "and", "or", "not", "len", "index", "print", "println", "printf", "html", "js", "urlquery", "quote",
    "default", "upper", "lower", "trim", "toJson", "list", "dict", "ternary", "join", "get", "add", "int", "toString", "empty", "slice",
)  # fmt: skip
_RANGES = (
    ".list", ".words", ".none", ".map", ".void", ".missing", "3", "(until 3)", '(splitList "," .text)', "$", ".map.n", "(list 1 .num nil)",
    '(regexFindAll "[a-z]" .text 3)', "(dict .text 1)", "(chunk 2 .list)", "(int 2)", "(.json | fromJson)", '(split " " .text)', "0",
)  # fmt: skip
_PIPED = (
    "quote",
    "toString",
    "default 1",
    "print",
    'printf "%v"',
    "toJson",
    "html",
    "empty",
    "list",
    "kindOf",
    "not",
    "eq 1",
    "squote",
    "cat",
)
_FORMATS = (
    '"%v"', '"%5d|"', '"%-6s|"', '"%06.2f"', '"%q"', '"%x"', '"%T"', '"%t"', '"%+v"', '"%#v"', '"%e"', '"%g"', '"%c"', '"%U"', '"%08b"',
    '"%[2]v %[1]v"', '"%*d"', '"%.3s"', '"%%"', '"%d %s"', '"%!"', '"%6.1f|%-8q|%+d"', '"% d"', '"%o %O %X"', '"%v %v"', '"%.2v"', '"%5t"',
)  # fmt: skip
_TEXTS = ("text ", "\n", "  \n\t", "a: ", "}", "{ ", "é", "-", " }} ", "", "x=")
_OPEN, _CLOSE = ("{{", "{{ ", "{{- "), ("}}", " }}", " -}}")


class _Writer:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.scope = ["$"]
        self.made = 0
        self.defined: list[str] = []

    def action(self, inside: str) -> str:
        return self.chance.choice(_OPEN) + inside + self.chance.choice(_CLOSE)

    def atom(self) -> str:
        roll = self.chance.random()
        if roll < 0.2:
            name = self.chance.choice(self.scope)
            return name + self.chance.choice((*[""] * 40, ".k", ".n.m"))
        if roll < 0.203:
            return "$undefined"
        if roll < 0.205:
            return self.chance.choice((".nul.deep", "nil", "1i"))
        return self.chance.choice(_ATOMS)

    def operand(self, depth: int) -> str:
        if depth > 0 and self.chance.random() < 0.35:
            inner = f"({self.pipe(depth - 1)})"
            return inner + self.chance.choice((*[""] * 40, ".k", ".n.m"))
        return self.atom()

    def fitting(self, function: Function, depth: int, piped: bool) -> list[str]:
        """Arguments of the types that the function wants; the last comes through the pipe."""
        rest = self.chance.randint(1 if len(function.parameters) < 2 else 0, 2) if function.rest else 0
        letters = function.parameters + function.rest * rest
        alike = self.chance.choice("sif")
        chosen = []
        for letter in letters[: len(letters) - piped]:
            if letter in "av" and self.chance.random() < 0.35:
                chosen.append(self.operand(depth))
            elif letter == "v":
                chosen.append(self.chance.choice(BY_LETTER[alike]))
            else:
                chosen.append(self.chance.choice(BY_LETTER[letter]))
        return chosen

    def command(self, depth: int, *, piped: bool = False) -> str:
        roll = self.chance.random()
        if piped and roll < 0.7:
            return self.chance.choice(_PIPED)
        if roll < 0.3 and not piped:
            return self.operand(depth)
        if roll < 0.4:
            arguments = [self.operand(depth) for _ in range(self.chance.randint(0, 3))]
            return " ".join(["printf", self.chance.choice(_FORMATS), *arguments])
        name = self.chance.choice(_COMMON if roll < 0.8 else _NAMES)
        if self.chance.random() < 0.93:
            return " ".join([name, *self.fitting(FUNCTIONS[name], depth, piped)])
        return " ".join([name, *(self.operand(depth) for _ in range(self.chance.choice((0, 1, 1, 1, 2, 2, 3))))])

    def pipe(self, depth: int) -> str:
        return " | ".join(
            self.command(depth, piped=index > 0) for index in range(self.chance.choice((1, 1, 1, 2, 2, 3)))
        )

    def variable(self) -> str:
        self.made += 1
        return f"$v{self.made}"

    def block(self, depth: int) -> str:
        kept = list(self.scope)
        keyword = self.chance.choice(("if", "if", "with", "range", "range"))
        head = self.pipe(1)
        if keyword == "range" and self.chance.random() < 0.85:
            head = self.chance.choice(_RANGES)
        if self.chance.random() < 0.3:
            names = [self.variable() for _ in range(self.chance.choice((1, 2)) if keyword == "range" else 1)]
            head = f"{', '.join(names)} := {head}"
            self.scope += names
        parts = [self.action(f"{keyword} {head}"), self.body(depth - 1)]
        if keyword == "range" and self.chance.random() < 0.3:
            parts.append(
                self.action(f"if {self.pipe(0)}") + self.action(self.chance.choice(("break", "continue"))) + "{{end}}"
            )
        if self.chance.random() < 0.25 and keyword != "range":
            parts += [self.action(f"else {keyword} {self.pipe(1)}"), self.body(depth - 1)]
        if self.chance.random() < 0.4:
            parts += [self.action("else"), self.body(depth - 1)]
        self.scope = kept
        return "".join([*parts, self.action("end")])

    def one(self, depth: int) -> str:
        roll = self.chance.random()
        if roll < 0.3:
            return self.chance.choice(_TEXTS)
        if roll < 0.65 or depth == 0:
            return self.action(self.pipe(2))
        if roll < 0.75:
            pipe = self.pipe(1)
            name = self.chance.choice(self.scope[1:] or ["$"]) if self.chance.random() < 0.3 else ""
            if name:
                return self.action(f"{name} = {pipe}")
            name = self.variable()
            self.scope.append(name)
            return self.action(f"{name} := {pipe}")
        if roll < 0.78:
            return self.action("/* a comment */").replace("{{ ", "{{").replace(" }}", "}}")
        if roll < 0.81:
            return self.action(f'template "{self.chance.choice((*self.defined * 9, "none"))}" {self.atom()}')
        return self.block(depth)

    def body(self, depth: int) -> str:
        return "".join(self.one(max(depth, 0)) for _ in range(self.chance.choice((1, 1, 2, 2, 3))))

    def whole(self) -> str:
        parts = []
        for name in ("one", "two"):
            if self.chance.random() < 0.3:
                kept, self.scope = self.scope, ["$"]
                parts.append(self.action(f'define "{name}"') + self.body(1) + self.action("end"))
                self.scope = kept
                self.defined.append(name)
        if self.chance.random() < 0.1:
            kept, self.scope = self.scope, ["$"]
            parts.append(self.action('block "three" .map') + self.body(1) + self.action("end"))
            self.scope = kept
        text = "".join([*parts, self.body(self.chance.choice((0, 1, 2, 3)))])
        if self.chance.random() < 0.06:
            at = self.chance.randrange(len(text) + 1)
            text = (
                text[:at]
                + self.chance.choice(("", "{{", "}}", '"', "(", ")", "|", ".", "$", "'", "`", "-", ",", ":="))
                + text[at + 1 :]
            )
        return text


def questions(seed: int, count: int) -> Iterator[Question]:
    chance = random.Random(seed)
    for _ in range(count):
        yield Question(_Writer(chance).whole(), DATA, chance.choice(("float", "number")))
