"""Walks a tree and writes text, as Go's text/template does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from keywave.gotemplate import nodes
from keywave.gotemplate.calling import WRITTEN, Function, accepted, check_count, constant, literal
from keywave.gotemplate.failing import Refused, TemplateError
from keywave.gotemplate.fields import field
from keywave.gotemplate.nodes import Node, Nodes, Operand, Pipe
from keywave.gotemplate.printing import Flags, formatted, show
from keywave.gotemplate.running import Run
from keywave.gotemplate.stream import position
from keywave.gotemplate.values import INVALID, Struct, is_slice, raw, truth, type_of, whole


class Defined(NamedTuple):
    """A body under the name of a template, and the text it stands in."""

    source: str
    text: str
    root: Nodes


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


class _Absent:
    """No value came through the pipe."""


_ABSENT = _Absent()


def render(
    start: Defined, data: Any, templates: Mapping[str, Defined], functions: Mapping[str, Function], run: Run
) -> str:
    """The text of `start` with `data`. Raises TemplateError."""
    walker = _Walker(start, templates, functions, run)
    try:
        walker.begin(start, INVALID if data is None else data, 0)
        return whole("".join(walker.out))
    except Refused as refused:
        kind, message = refused.kind, refused.message
    except RecursionError:
        kind, message = "limit", "too deep"
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as problem:
        # Its own text may hold data, and goes no further.
        kind, message = "exec", f"cannot be done with these values ({type(problem).__name__})"
    raise TemplateError(walker.here.source, *position(walker.here.text, walker.at), message, kind=kind)


class _Walker:
    def __init__(
        self, start: Defined, templates: Mapping[str, Defined], functions: Mapping[str, Function], run: Run
    ) -> None:
        self.here = start
        self.at = 0
        self.templates, self.functions, self.run = templates, functions, run
        self.out: list[str] = []
        self.written = 0
        self.variables: list[tuple[str, Any]] = []

    def begin(self, defined: Defined, dot: Any, depth: int) -> None:
        """One template: it sees no variables but $."""
        if depth > self.run.limits.depth:
            raise Refused(f"more than {self.run.limits.depth} templates inside one another", "limit")
        kept = self.here, self.variables, self.at
        self.here, self.variables = defined, [("$", dot)]
        self.walk(dot, defined.root, depth)
        self.here, self.variables, self.at = kept

    def write(self, text: str) -> None:
        self.written += len(text) if text.isascii() else len(raw(text))
        if self.written > self.run.limits.output:
            raise Refused(f"more than {self.run.limits.output} bytes of output", "limit")
        self.out.append(text)

    def walk(self, dot: Any, found: Nodes, depth: int) -> None:
        for node in found:
            self.run.spend()
            self.at = node.at
            if isinstance(node, nodes.Text):
                self.write(node.text)
            elif isinstance(node, nodes.Action):
                value = self.pipe(dot, node.pipe)
                if not node.pipe.declared:
                    self.at = node.at
                    self.write(self.shown(value))
            else:
                self.control(dot, node, depth)

    def shown(self, value: Any) -> str:
        if value is INVALID or value is None:
            return "<no value>"
        if isinstance(value, Struct):
            # What it points to, without the & that fmt would put before.
            return formatted(value, "v", Flags())[1:]
        self.run.weigh(value)
        return show(value)

    def control(self, dot: Any, node: Node, depth: int) -> None:
        if isinstance(node, nodes.Break):
            raise _Break
        if isinstance(node, nodes.Continue):
            raise _Continue
        if isinstance(node, nodes.Call):
            if node.name not in self.templates:
                raise Refused(f"template {node.name!r} not defined")
            value = INVALID if node.pipe is None else self.pipe(dot, node.pipe)
            self.begin(self.templates[node.name], value, depth + 1)
        elif isinstance(node, nodes.Block):
            known = len(self.variables)
            if node.keyword == "range":
                self.range(dot, node, depth)
            else:
                value = self.pipe(dot, node.pipe)
                if truth(value):
                    self.walk(value if node.keyword == "with" else dot, node.body, depth)
                elif node.otherwise is not None:
                    self.walk(dot, node.otherwise, depth)
            del self.variables[known:]

    def range(self, dot: Any, node: nodes.Block, depth: int) -> None:
        value = self.pipe(dot, node.pipe)
        pairs: list[tuple[Any, Any]]
        if isinstance(value, dict) and not isinstance(value, Struct):
            self.run.items(len(value))
            pairs = [(key, value[key]) for key in sorted(value, key=raw)]
        elif is_slice(value):
            self.run.items(len(value))
            pairs = list(enumerate(value))
        elif isinstance(value, int) and not isinstance(value, bool):
            if len(node.pipe.declared) > 1:
                raise Refused("cannot use an integer to iterate over more than one variable")
            self.run.items(max(int(value), 0))
            pairs = [(INVALID, type(value)(item)) for item in range(value)]
        elif value is None or value is INVALID:
            pairs = []
        else:
            raise Refused(f"range can't iterate over {type_of(value)}")
        try:
            self.iterate(node, pairs, depth)
        except _Break:
            return
        if not pairs and node.otherwise is not None:
            self.walk(dot, node.otherwise, depth)

    def iterate(self, node: nodes.Block, pairs: list[tuple[Any, Any]], depth: int) -> None:
        known = len(self.variables)
        names, assigns = node.pipe.declared, node.pipe.assigns
        for key, item in pairs:
            self.run.spend()
            values = (key, item)[2 - len(names) :] if names else ()
            for index, (name, value) in enumerate(zip(names, values, strict=True)):
                if assigns:
                    self.assign(name, value)
                else:
                    self.variables[known - len(names) + index] = (name, value)
            try:
                self.walk(item, node.body, depth)
            except _Continue:
                pass
            finally:
                del self.variables[known:]

    def assign(self, name: str, value: Any) -> None:
        for index in range(len(self.variables) - 1, -1, -1):
            if self.variables[index][0] == name:
                self.variables[index] = (name, value)
                return
        raise Refused(f"undefined variable: {name}")

    def pipe(self, dot: Any, pipe: Pipe) -> Any:
        self.at = pipe.at
        value: Any = _ABSENT
        for command in pipe.commands:
            value = self.command(dot, command, value)
            if value is None:
                value = INVALID
        for name in pipe.declared:
            if pipe.assigns:
                self.assign(name, value)
            else:
                self.variables.append((name, value))
        return value

    def command(self, dot: Any, command: nodes.Command, final: Any) -> Any:
        self.run.spend()
        first, args = command.args[0], command.args[1:]
        self.at = first.at
        if isinstance(first, nodes.Identifier):
            return self.call(dot, first, args, final)
        extra = bool(args) or final is not _ABSENT
        if isinstance(first, (nodes.Field, nodes.Chain)) or (isinstance(first, nodes.Variable) and first.fields):
            return self.fields(dot, first, extra)
        if extra:
            raise Refused("can't give argument to non-function")
        return self.plain(dot, first)

    def plain(self, dot: Any, node: Operand) -> Any:
        """The value of an operand that takes no arguments."""
        if isinstance(node, nodes.Dot):
            return dot
        if isinstance(node, Pipe):
            return self.pipe(dot, node)
        if isinstance(node, nodes.Identifier):
            return self.call(dot, node, (), _ABSENT)
        if isinstance(node, nodes.Variable) and not node.fields:
            return self.variable(node.name)
        if isinstance(node, (nodes.Field, nodes.Chain, nodes.Variable)):
            return self.fields(dot, node, False)
        return constant(node)

    def variable(self, name: str) -> Any:
        for known, value in reversed(self.variables):
            if known == name:
                return value
        raise Refused(f"undefined variable: {name}")

    def fields(self, dot: Any, node: nodes.Field | nodes.Chain | nodes.Variable, extra: bool) -> Any:
        if isinstance(node, nodes.Field):
            value, names = dot, node.names
        elif isinstance(node, nodes.Variable):
            value, names = self.variable(node.name), node.fields
        else:
            if isinstance(node.node, nodes.Nil):
                raise Refused("indirection through explicit nil")
            value, names = self.plain(dot, node.node), node.fields
        self.at = node.at
        for index, name in enumerate(names):
            value = field(value, name, extra and index == len(names) - 1)
        return value

    def call(self, dot: Any, node: nodes.Identifier, args: tuple[Operand, ...], final: Any) -> Any:
        self.run.spend()
        name = node.name
        function = self.functions[name]
        count = len(args) + (final is not _ABSENT)
        try:
            check_count(name, function, count)
        except Refused:
            self.at = node.at
            raise
        if name in ("and", "or"):
            return self.shortcut(dot, name, args, final)
        values = [self.argument(dot, arg, function.letter(index)) for index, arg in enumerate(args)]
        self.at = node.at
        if final is not _ABSENT:
            values.append(accepted(final, function.letter(len(args))))
        if name in WRITTEN:
            for value in values:
                self.run.weigh(value)
        if name == "fail" and args and isinstance(args[0], nodes.String):
            # The template's own words: no data.
            raise Refused(f"fail: {args[0].value}")
        try:
            result = function.call(self.run, *values)
        except Refused as refused:
            raise Refused(f"error calling {name}: {refused.message}", refused.kind) from None
        return whole(result) if type(result) is str else result

    def shortcut(self, dot: Any, name: str, args: tuple[Operand, ...], final: Any) -> Any:
        value: Any = INVALID
        for arg in args:
            value = self.argument(dot, arg, "v")
            if truth(value) == (name == "or"):
                return value
        return value if final is _ABSENT else final

    def argument(self, dot: Any, node: Operand, letter: str) -> Any:
        self.at = node.at
        if isinstance(node, (nodes.Nil, nodes.Bool, nodes.String, nodes.Numeral)):
            return literal(node, letter)
        value = self.plain(dot, node)
        self.at = node.at
        return accepted(value, letter)
