"""How keywave's tests get the real servers that they talk to: what they are, where they may lie, how they are built."""
