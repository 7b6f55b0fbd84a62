"""Vault's ACL policies: read, written, evaluated. Pure.

`hcl`, `json_form`, `scan`, `literals`, `nodes`: text to items; `decode`, `policy`: items to rules; `templates`, `patterns`, `grants`,
`evaluate`: rules to decisions. No module is imported here, so that whoever needs only one does not load the others.
"""
