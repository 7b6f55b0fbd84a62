"""`keywave-reconciler`: options in, exit code out. 0 ended as told, 2 used wrongly, 3 cannot reach what it needs, 70 a bug."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

import click

from keywave._version import VERSION
from keywave.controller.running.settings import Settings, own_namespace
from keywave.errors import KeywaveError
from keywave.redact import redact

_NAMESPACE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
_LOOK = 0.1


@click.command(context_settings={"auto_envvar_prefix": "KEYWAVE", "help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="keywave-reconciler")
@click.option("--kubeconfig", default="", help="A kubeconfig; else KUBECONFIG, else the Pod's own ServiceAccount.")
@click.option("--context", default="", help="Its context.")
@click.option(
    "--namespace",
    "namespaces",
    multiple=True,
    envvar="KEYWAVE_NAMESPACE",
    help="Work in this namespace only; several times for several. In the variable: with spaces between.",
)
@click.option(
    "--operator-namespace", default="", help="Where the operator's own objects are. Default: the Pod's namespace."
)
@click.option(
    "--workers", default=16, show_default=True, type=click.IntRange(1, 256), help="Objects worked on at once."
)
@click.option("--metrics-address", default=":8080", show_default=True, help="For /metrics, /healthz and /readyz.")
@click.option("--log-format", default="json", show_default=True, type=click.Choice(["json", "text"]))
@click.option(
    "--log-level", default="info", show_default=True, type=click.Choice(["debug", "info", "warning", "error"])
)
@click.option(
    "--lease-duration",
    "lease_seconds",
    envvar="KEYWAVE_LEASE_DURATION",
    default=15.0,
    show_default=True,
    type=click.FloatRange(2, 600),
    help="Seconds after which another replica takes the work of a dead one.",
)
@click.option(
    "--install-crds", is_flag=True, help="Install the definitions that are absent; existing ones stay as they are."
)
@click.option(
    "--allow-default-globals/--no-default-globals",
    "default_globals",
    envvar="KEYWAVE_ALLOW_DEFAULT_GLOBALS",
    default=True,
    show_default=True,
    help="Whether a VaultAuth may refer to the VaultAuthGlobal called default.",
)
@click.option("--exclude-raw", is_flag=True, help="Leave _raw out of every Secret.")
@click.option(
    "--stand-by/--no-stand-by",
    "stand_by",
    default=True,
    show_default=True,
    help="Do nothing while Vault Secrets Operator holds its Lease.",
)
def command(**options: object) -> None:
    """Fetches from Vault and keeps Kubernetes Secrets up to date.

    Each option is also a variable: --log-level is KEYWAVE_LOG_LEVEL.
    """
    settings = Settings(**options)  # type: ignore[arg-type]
    if not settings.operator_namespace:
        settings = settings._replace(operator_namespace=own_namespace(dict(os.environ), _NAMESPACE_FILE))
    sys.exit(run(settings))


def run(settings: Settings) -> int:
    """Until SIGTERM or SIGINT; a second one ends at once. Raises KeywaveError for credentials that make no sense."""
    # The parts take half a second to load; --help need not wait.
    from keywave.controller.running.wiring import Reconciler
    from keywave.controller.watching.logs import Log, take_over
    from keywave.kube.credentials import api_server

    told: list[int] = []
    refused: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if told:
            os._exit(130)
        told.append(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server = api_server(settings.kubeconfig, context=settings.context, environment=os.environ)
    log = Log(form=settings.log_format, level=settings.log_level)
    take_over(log)

    def start() -> None:
        try:
            reconciler.start()
        except Exception as problem:
            if not told:  # else the request was ended from here
                refused.append(_why(log, problem))

    try:
        reconciler = Reconciler(settings, server, log)
    except KeywaveError as problem:
        return _why(log, problem)
    # In a thread of its own: who is told to end while an API server does not answer ends.
    threading.Thread(target=start, name="start", daemon=True).start()
    while not told and not refused:
        time.sleep(_LOOK)  # no lock: the handler runs in this thread, too
    if not told:
        return refused[0]
    reconciler.stop()
    return 0


def _why(log: Callable[..., None], problem: Exception) -> int:
    """Tells why it cannot begin; the exit code."""
    from keywave.controller.watching.logs import tell_bug

    if not isinstance(problem, KeywaveError):
        tell_bug(log, problem, thread="start")
        return 70
    log("error", "cannot begin", told=str(problem), hint=problem.hint)
    return problem.exit_code


def main() -> None:
    """The entry point."""
    try:
        command.main(standalone_mode=False)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except KeywaveError as problem:
        hint = getattr(problem, "hint", "")
        print(redact(f"keywave-reconciler: {problem}{f'  ({hint})' if hint else ''}"), file=sys.stderr)
        sys.exit(problem.exit_code)
