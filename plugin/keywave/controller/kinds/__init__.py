"""One module a kind, in one explicit dict: each gathers what it needs to see, decides without touching anything, and acts once."""
