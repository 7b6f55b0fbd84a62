"""The dependency graph as a picture: mermaid, dot, or text. Plain values in, one text out.

Nodes are (name, layer) in order of application, edges (before, after, why).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

Nodes = Sequence[tuple[str, str]]
Edges = Sequence[tuple[str, str, str]]


def picture(nodes: Nodes, edges: Edges, format: str = "mermaid") -> str:
    """Draw a graph. `format` is a key of PICTURES."""
    return PICTURES[format](nodes, edges)


def _by_layer(nodes: Nodes) -> dict[str, list[str]]:
    layers: dict[str, list[str]] = {}
    for name, layer in nodes:
        layers.setdefault(layer, []).append(name)
    return layers


def _numbers(nodes: Nodes) -> dict[str, str]:
    return {name: f"n{number}" for number, name in enumerate(dict.fromkeys(name for name, _ in nodes))}


def _known(edges: Edges, numbers: dict[str, str]) -> Iterable[tuple[str, str, str]]:
    return ((before, after, why) for before, after, why in edges if before in numbers and after in numbers)


def _mermaid(nodes: Nodes, edges: Edges) -> str:
    numbers = _numbers(nodes)
    lines = ["flowchart LR"]
    for layer, names in _by_layer(nodes).items():
        lines.append(f"  subgraph {_mermaid_id(layer)} [{_mermaid_text(layer)}]")
        lines += [f"    {numbers[name]}[{_mermaid_text(name)}]" for name in dict.fromkeys(names)]
        lines.append("  end")
    for before, after, why in _known(edges, numbers):
        label = f"|{_mermaid_text(why)}|" if why else ""
        lines.append(f"  {numbers[before]} -->{label} {numbers[after]}")
    return "\n".join(lines) + "\n"


def _mermaid_text(text: str) -> str:
    escaped = (
        text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")
    )
    return f'"{escaped}"'


def _mermaid_id(text: str) -> str:
    """`end` and signs are not allowed in ids."""
    return "layer_" + "".join(c if c.isascii() and c.isalnum() else "_" for c in text)


def _dot(nodes: Nodes, edges: Edges) -> str:
    numbers = _numbers(nodes)
    lines = ["digraph keywave {", "  rankdir=LR;", "  node [shape=box];"]
    for number, (layer, names) in enumerate(_by_layer(nodes).items()):
        lines.append(f"  subgraph cluster_{number} {{")
        lines.append(f"    label={_dot_text(layer)};")
        lines += [f"    {numbers[name]} [label={_dot_text(name)}];" for name in dict.fromkeys(names)]
        lines.append("  }")
    for before, after, why in _known(edges, numbers):
        label = f" [label={_dot_text(why)}]" if why else ""
        lines.append(f"  {numbers[before]} -> {numbers[after]}{label};")
    return "\n".join([*lines, "}"]) + "\n"


def _dot_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'


def _text(nodes: Nodes, edges: Edges) -> str:
    """Layers in order; under each object what it waits for."""
    needs: dict[str, list[tuple[str, str]]] = {}
    for before, after, why in edges:
        needs.setdefault(after, []).append((before, why))
    lines = []
    for layer, names in _by_layer(nodes).items():
        lines.append(layer)
        for name in dict.fromkeys(names):
            lines.append(f"  {name}")
            lines += [f"    after {before}" + (f" ({why})" if why else "") for before, why in needs.get(name, ())]
    return "\n".join(lines) + "\n" if lines else ""


PICTURES: dict[str, Callable[[Nodes, Edges], str]] = {"mermaid": _mermaid, "dot": _dot, "text": _text}
