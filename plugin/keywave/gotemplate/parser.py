"""Tokens to a tree, by the grammar of Go's text/template."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from keywave.gotemplate import nodes
from keywave.gotemplate.lexer import Token
from keywave.gotemplate.nodes import Node, Nodes, Operand, Pipe
from keywave.gotemplate.stream import Stream

MOST_NESTING = 60
"""Blocks and parentheses inside one another."""

_OPERANDS = frozenset(
    {"bool", "char", "complex", "dot", "field", "identifier", "number", "nil", "raw", "string", "variable", "("}
)


class Tree(NamedTuple):
    """A text's own nodes and what it defines: name -> nodes."""

    root: Nodes
    defined: dict[str, Nodes]


def read(name: str, text: str, functions: Container[str], refused: Container[str]) -> Tree:
    """The tree of `text`. `functions`: the names that may be called; `refused`: names that Go would know and we do not offer.

    Raises TemplateError."""
    parser = _Parser(name, text, functions, refused)
    root = parser.top()
    parser.add(name, root, 0)
    return Tree(parser.defined.get(name, root), parser.defined)


class _Parser(Stream):
    def __init__(self, name: str, text: str, functions: Container[str], refused: Container[str]) -> None:
        super().__init__(name, text)
        self.functions, self.refused = functions, refused
        self.variables = ["$"]
        self.ranges = 0
        self.nesting = 0
        self.defined: dict[str, Nodes] = {}

    def add(self, name: str, found: Nodes, at: int) -> None:
        if name not in self.defined or nodes.is_blank(self.defined[name]):
            self.defined[name] = found
        elif not nodes.is_blank(found):
            self.fail(f"multiple definition of template {name!r}", at)

    def top(self) -> Nodes:
        found: list[Node] = []
        while self.peek().kind != "eof":
            if self.peek().kind == "left":
                mark = self.next
                self.take()
                if self.take_solid().kind == "define":
                    self.definition()
                    continue
                self.next = mark
            node = self.text_or_action()
            if isinstance(node, Token):
                self.fail(f"unexpected {{{{{node.kind}}}}}", node.at)
            found.append(node)
        return tuple(found)

    def definition(self) -> None:
        token = self.expect(("string", "raw"), "define clause")
        name = self.string(token)
        self.expect(("right",), "define clause")
        self.add(name, self.apart("define clause"), token.at)

    def apart(self, where: str) -> Nodes:
        """The body of a definition: it sees no variables and no range from outside."""
        kept = self.variables, self.ranges
        self.variables, self.ranges = ["$"], 0
        body, end = self.items()
        if end.kind != "end":
            self.fail(f"unexpected {{{{{end.kind}}}}} in {where}", end.at)
        self.variables, self.ranges = kept
        return body

    def items(self) -> tuple[Nodes, Token]:
        """Nodes up to an end or else, which comes back beside them."""
        found: list[Node] = []
        self.nesting += 1
        if self.nesting > MOST_NESTING:
            self.fail(f"more than {MOST_NESTING} blocks or parentheses inside one another", self.peek().at, "limit")
        while self.solid().kind != "eof":
            node = self.text_or_action()
            if isinstance(node, Token):
                self.nesting -= 1
                return tuple(found), node
            found.append(node)
        raise self.error("unexpected end of text: an {{end}} is missing", self.peek().at)

    def text_or_action(self) -> Node | Token:
        token = self.take_solid()
        if token.kind == "text":
            return nodes.Text(token.at, token.value)
        if token.kind != "left":
            self.unexpected(token, "input")
        return self.action()

    def action(self) -> Node | Token:
        """A node, or the token of {{end}} or {{else}}."""
        token = self.take_solid()
        match token.kind:
            case "block" | "template":
                return self.call(token)
            case "break" | "continue":
                self.expect(("right",), f"{{{{{token.kind}}}}}")
                if not self.ranges:
                    self.fail(f"{{{{{token.kind}}}}} outside {{{{range}}}}", token.at)
                return nodes.Break(token.at) if token.kind == "break" else nodes.Continue(token.at)
            case "else":
                if self.solid().kind not in ("if", "with"):
                    self.expect(("right",), "else")
                return token
            case "end":
                self.expect(("right",), "end")
                return token
            case "if" | "with" | "range":
                return self.block(token)
        self.next -= 1
        return nodes.Action(token.at, self.pipeline("command", "right"))

    def call(self, keyword: Token) -> Node:
        where = f"{keyword.kind} clause"
        token = self.expect(("string", "raw"), where)
        name = self.string(token)
        if keyword.kind == "block":
            pipe: Pipe | None = self.pipeline(where, "right")
            self.add(name, self.apart(where), token.at)
        elif self.solid().kind == "right":
            self.take()
            pipe = None
        else:
            pipe = self.pipeline(where, "right")
        return nodes.Call(token.at, name, pipe)

    def block(self, keyword: Token) -> Node:
        known = len(self.variables)
        pipe = self.pipeline(keyword.kind, "right")
        self.ranges += keyword.kind == "range"
        body, end = self.items()
        self.ranges -= keyword.kind == "range"
        otherwise: Nodes | None = None
        if end.kind == "else":
            follower = self.peek()
            if follower.kind == keyword.kind and keyword.kind in ("if", "with"):
                self.take()
                self.nesting += 1
                otherwise = (self.block(follower),)
                self.nesting -= 1
            else:
                otherwise, end = self.items()
                if end.kind != "end":
                    self.fail("expected {{end}}; found {{else}}", end.at)
        del self.variables[known:]
        return nodes.Block(keyword.at, keyword.kind, pipe, body, otherwise)

    def pipeline(self, where: str, end: str) -> Pipe:
        start = self.solid().at
        declared, assigns = self.declarations(where)
        commands: list[nodes.Command] = []
        while True:
            token = self.take_solid()
            if token.kind == end:
                break
            if token.kind not in _OPERANDS:
                self.unexpected(token, where)
            self.next -= 1
            commands.append(self.command())
        if not commands:
            self.fail(f"missing value for {where}", start)
        for command in commands[1:]:
            if isinstance(command.args[0], (nodes.Bool, nodes.Dot, nodes.Nil, nodes.Numeral, nodes.String)):
                self.fail("non executable command in pipeline", command.at)
        return Pipe(start, tuple(commands), declared, assigns)

    def declarations(self, where: str) -> tuple[tuple[str, ...], bool]:
        declared: list[str] = []
        while self.solid().kind == "variable":
            mark = self.next
            variable = self.take()
            follower = self.solid()
            if follower.kind in ("assign", "declare"):
                self.take()
                declared.append(variable.value)
                self.variables.append(variable.value)
                return tuple(declared), follower.kind == "assign"
            if (follower.kind, follower.value) != ("mark", ","):
                self.next = mark
                break
            self.take()
            declared.append(variable.value)
            self.variables.append(variable.value)
            if where != "range" or len(declared) > 1:
                self.fail(f"too many declarations in {where}", variable.at)
            if self.solid().kind not in ("variable", "right", ")"):
                self.fail("range can only initialize variables", variable.at)
        return tuple(declared), False

    def command(self) -> nodes.Command:
        start = self.solid().at
        args: list[Operand] = []
        while True:
            self.solid()
            operand = self.operand()
            if operand is not None:
                args.append(operand)
            token = self.take()
            if token.kind == "space":
                continue
            if token.kind in ("right", ")"):
                self.next -= 1
            elif token.kind != "pipe":
                self.unexpected(token, "operand")
            break
        if not args:
            self.fail("empty command", start)
        return nodes.Command(start, tuple(args))

    def operand(self) -> Operand | None:
        node = self.term()
        if node is None or self.peek().kind != "field":
            return node
        at = self.peek().at
        fields: list[str] = []
        while self.peek().kind == "field":
            fields.append(self.take().value[1:])
        if isinstance(node, nodes.Field):
            return nodes.Field(at, node.names + tuple(fields))
        if isinstance(node, nodes.Variable):
            return nodes.Variable(at, node.name, node.fields + tuple(fields))
        if isinstance(node, (nodes.Bool, nodes.String, nodes.Numeral, nodes.Nil, nodes.Dot)):
            self.fail("unexpected . after a constant or the dot", at)
        return nodes.Chain(at, node, tuple(fields))

    def term(self) -> Operand | None:
        token = self.take_solid()
        match token.kind:
            case "identifier":
                if token.value not in self.functions:
                    if token.value in self.refused:
                        self.fail(f"function {token.value!r} is not offered", token.at, "unsupported")
                    self.fail(f"function {token.value!r} not defined", token.at)
                return nodes.Identifier(token.at, token.value)
            case "dot":
                return nodes.Dot(token.at)
            case "nil":
                return nodes.Nil(token.at)
            case "variable":
                if token.value not in self.variables:
                    self.fail(f"undefined variable {token.value!r}", token.at)
                return nodes.Variable(token.at, token.value, ())
            case "field":
                return nodes.Field(token.at, (token.value[1:],))
            case "bool":
                return nodes.Bool(token.at, token.value == "true")
            case "char" | "complex" | "number":
                return self.number(token)
            case "(":
                self.nesting += 1
                if self.nesting > MOST_NESTING:
                    self.fail(f"more than {MOST_NESTING} blocks or parentheses inside one another", token.at, "limit")
                pipe = self.pipeline("parenthesized pipeline", ")")
                self.nesting -= 1
                return pipe
            case "string" | "raw":
                return nodes.String(token.at, self.string(token))
        self.next -= 1
        return None
