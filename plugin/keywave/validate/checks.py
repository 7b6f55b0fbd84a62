"""Every check, by name, in the order in which they run. A new check is a function here and a code with a page: nothing else.

A check takes the view and gives findings; it changes nothing and knows of no other check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from keywave.findings import Finding
from keywave.validate.csi_classes import check_provider_paths, check_secret_provider_classes
from keywave.validate.destinations import (
    check_not_in_git_too,
    check_one_writer,
    check_raw_in_environment,
    check_restart_targets,
)
from keywave.validate.engines import check_one_engine
from keywave.validate.guarded import check_guardrails
from keywave.validate.policies import check_policies, check_vault_roles
from keywave.validate.rbac import check_secret_rights
from keywave.validate.references import check_global_references, check_references, check_transformation_references
from keywave.validate.secrets_in_git import (
    check_literal_secrets,
    check_plugin_placeholders,
    check_private_keys,
    check_tokens,
)
from keywave.validate.view import View
from keywave.validate.vso_auth import (
    check_allowed_namespaces,
    check_connections,
    check_default_service_account,
    check_exclusive_fields,
    check_logins,
)
from keywave.validate.vso_fields import check_known_kinds, check_versions, check_vso_fields
from keywave.validate.vso_secrets import (
    check_dynamic,
    check_pki,
    check_regexes,
    check_static_paths,
    check_static_refresh,
)

Check = Callable[[View], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    check_known_kinds,
    check_vso_fields,
    check_versions,
    check_logins,
    check_exclusive_fields,
    check_allowed_namespaces,
    check_references,
    check_global_references,
    check_transformation_references,
    check_static_paths,
    check_static_refresh,
    check_dynamic,
    check_pki,
    check_regexes,
    check_one_writer,
    check_not_in_git_too,
    check_restart_targets,
    check_raw_in_environment,
    check_secret_provider_classes,
    check_provider_paths,
    check_guardrails,
    check_tokens,
    check_private_keys,
    check_literal_secrets,
    check_plugin_placeholders,
    check_connections,
    check_default_service_account,
    check_secret_rights,
    check_policies,
    check_vault_roles,
    check_one_engine,
)
