"""Every check, by name, in the order in which they run. A new check is a function here and a code with a page: nothing else.

A check takes the view and gives findings; it changes nothing and knows of no other check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from keywave.findings import Finding
from keywave.verify.access import check_access
from keywave.verify.engines import check_engine_roles, check_leases
from keywave.verify.kv import check_keys, check_kv_versions, check_paths
from keywave.verify.logins import check_logins
from keywave.verify.looking import (
    check_denied,
    check_no_inventory,
    check_unclear,
    check_uncovered,
    check_uncovered_logins,
    check_unknown_logins,
)
from keywave.verify.mounts import check_mounts, check_types
from keywave.verify.pki import check_pki_names, check_pki_roles, check_pki_times
from keywave.verify.privilege import check_privilege
from keywave.verify.view import View

Check = Callable[[View], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    check_no_inventory,
    check_denied,
    check_uncovered,
    check_uncovered_logins,
    check_unclear,
    check_unknown_logins,
    check_mounts,
    check_types,
    check_paths,
    check_kv_versions,
    check_keys,
    check_engine_roles,
    check_leases,
    check_pki_roles,
    check_pki_names,
    check_pki_times,
    check_logins,
    check_access,
    check_privilege,
)
