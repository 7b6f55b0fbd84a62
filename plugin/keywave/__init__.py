"""keywave: GitOps for Vault-backed Kubernetes secrets.

Short intents in Git become ordered objects; a secret value is never read on the way.
"""

from __future__ import annotations

from keywave._version import VERSION

__all__ = ["VERSION"]
