"""How to reach Vault and log in, as options of `verify --live`, `lock` and `policy --plan`. A secret comes by file or environment only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from keywave.vault.settings import ConnectOptions

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--address", default="", help="Vault, for all connections of the tree [VAULT_ADDR]."),
    click.option(
        "--tree-addresses",
        is_flag=True,
        help="Ask the Vaults that the tree names, and log in there: for trees that you trust with your login.",
    ),
    click.option("--vault-namespace", default="", help="The Vault namespace to log in to [VAULT_NAMESPACE]."),
    click.option("--ca-file", default="", metavar="FILE", help="CA of Vault's certificate [VAULT_CACERT]."),
    click.option("--tls-server-name", default="", help="Name in Vault's certificate [VAULT_TLS_SERVER_NAME]."),
    click.option("--vault-timeout", default="", metavar="TIME", help="For one request, such as 10s."),
    click.option("--deadline", default=120.0, show_default=True, help="Seconds for everything asked of Vault."),
    click.option("--workers", default=8, show_default=True, help="Requests at once."),
    click.option(
        "--auth",
        type=click.Choice(("token", "kubernetes", "approle", "jwt")),
        help="How to log in [what the environment offers].",
    ),
    click.option("--auth-mount", default="", help="Mount of the auth method."),
    click.option("--auth-role", default="", help="Role to log in with."),
    click.option("--token-file", default="", metavar="FILE", help="A Vault token, or the JWT for kubernetes and jwt."),
    click.option("--audience", default="", help="Audience of the token that GitHub Actions is asked for."),
    click.option("--role-id", default="", help="RoleID of approle."),
    click.option("--secret-id-file", default="", metavar="FILE", help="SecretID of approle."),
)


def vault_options(function: Function) -> Function:
    """Address, TLS, limits and login of the verifier."""
    for decorate in reversed(_OPTIONS):
        function = decorate(function)
    return function


def connect_options(given: Mapping[str, Any]) -> ConnectOptions:
    """The values of `vault_options`."""
    from keywave.vault.settings import ConnectOptions

    return ConnectOptions(
        address=given["address"],
        namespace=given["vault_namespace"],
        ca_file=given["ca_file"],
        server_name=given["tls_server_name"],
        timeout=given["vault_timeout"],
        workers=given["workers"],
        deadline=given["deadline"],
        method=given["auth"] or "",
        mount=given["auth_mount"],
        role=given["auth_role"],
        token_file=given["token_file"],
        audience=given["audience"],
        role_id=given["role_id"],
        secret_id_file=given["secret_id_file"],
        tree_addresses=given["tree_addresses"],
    )
