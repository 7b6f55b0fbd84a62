"""The reconciler: fetches from Vault and keeps Kubernetes Secrets up to date, for the kinds of `keywave.crds`.

Level-based: a queue holds names, each reconcile reads what is there, decides (pure), and acts once. `kinds/` has one module a kind,
`vault_access/` the logins and reads, `content/` what goes into a Secret, `running/` queue, watches, shards and process, `watching/`
what an operator looks at (metrics, health, logs).
"""
