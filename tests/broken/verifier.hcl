# What the corpus verifies with: names and settings, no values.
path "sys/mounts" { capabilities = ["read"] }
path "sys/auth" { capabilities = ["read"] }
path "sys/policies/acl/*" { capabilities = ["read", "list"] }
path "sys/policies/acl/" { capabilities = ["list"] }
path "kv/subkeys/*" { capabilities = ["read"] }
path "kv/metadata/*" { capabilities = ["read", "list"] }
path "legacy/*" { capabilities = ["list"] }
path "database/roles/*" { capabilities = ["read", "list"] }
path "database/static-roles/*" { capabilities = ["read", "list"] }
path "aws/roles/*" { capabilities = ["read", "list"] }
path "pki/roles/*" { capabilities = ["read", "list"] }
path "pki/issuers/*" { capabilities = ["list"] }
path "auth/+/role/*" { capabilities = ["read", "list"] }
path "identity/lookup/entity" { capabilities = ["update"] }
path "identity/group/id/*" { capabilities = ["read"] }
