"""Logins, tokens and shared reads: what `ports.Vault` promises."""
