"""What keywave knows of Vault: requests and answers as values, what was found there, its policies, and the one client.

Only `vault.client` talks (hvac has no other importer); everything else here is pure.
"""
