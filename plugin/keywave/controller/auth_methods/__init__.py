"""How a VaultAuth's method makes the body of a login: one module each, in one explicit dict."""
