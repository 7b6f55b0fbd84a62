"""An inventory as a file in Git and back, and what has drifted since. Pure."""

from keywave.lockfile.drift import differences
from keywave.lockfile.read import LockError, read_lock
from keywave.lockfile.write import same_content, write_lock

__all__ = ["LockError", "differences", "read_lock", "same_content", "write_lock"]
