"""Codes KW02: kustomize and its inputs."""

from __future__ import annotations

CODES: dict[str, str] = {
    "KW0201": "Remote base refused",
    "KW0202": "Helm chart refused",
    "KW0203": "Kustomization file that cannot be read",
    "KW0204": "Entry names a file or folder that is not there",
    "KW0205": "Path leads out of the tree",
    "KW0206": "File that cannot be read",
    "KW0207": "Input too large",
    "KW0208": "Kustomizations refer to each other in a circle",
    "KW0209": "Folder of plain YAML holds a kustomization or a chart",
    "KW0210": "Override that the kustomization does not allow",
}
