"""The graph as mermaid, dot and text."""

from __future__ import annotations

import pytest

from keywave.emit import PICTURES, picture

NODES = [("VaultAuth a/x", "setup"), ('Odd "name"', "setup"), ("Deployment a/web", "end")]
EDGES = [
    ("VaultAuth a/x", "Deployment a/web", "uses"),
    ('Odd "name"', "Deployment a/web", ""),
    ("unknown", "Deployment a/web", "x"),
]

EXPECTED = {
    "mermaid": """\
flowchart LR
  subgraph layer_setup ["setup"]
    n0["VaultAuth a/x"]
    n1["Odd &quot;name&quot;"]
  end
  subgraph layer_end ["end"]
    n2["Deployment a/web"]
  end
  n0 -->|"uses"| n2
  n1 --> n2
""",
    "dot": """\
digraph keywave {
  rankdir=LR;
  node [shape=box];
  subgraph cluster_0 {
    label="setup";
    n0 [label="VaultAuth a/x"];
    n1 [label="Odd \\"name\\""];
  }
  subgraph cluster_1 {
    label="end";
    n2 [label="Deployment a/web"];
  }
  n0 -> n2 [label="uses"];
  n1 -> n2;
}
""",
    "text": """\
setup
  VaultAuth a/x
  Odd "name"
end
  Deployment a/web
    after VaultAuth a/x (uses)
    after Odd "name"
    after unknown (x)
""",
}


@pytest.mark.parametrize("format", sorted(PICTURES))
def test_picture(format: str) -> None:
    assert picture(NODES, EDGES, format) == EXPECTED[format]


def test_an_empty_graph() -> None:
    assert [picture([], [], format) for format in ("mermaid", "text")] == ["flowchart LR\n", ""]
