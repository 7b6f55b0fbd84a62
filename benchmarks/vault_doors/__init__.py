"""What a read of a secret costs through each door to Vault: hvac as it comes, hvac over our transport, our exchange alone."""
