"""The reconciler side by side with Vault Secrets Operator, on the same API server and Vault."""
