"""For every test: a home directory of its own, and a canary that must not be seen.

The canary is a random text that stands for a secret value. A test whose output, log or exception text holds it fails,
whatever else it says: that is how "secrets are never printed" is held everywhere at once.
"""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

# Read before the home changes below.
import rig.machine  # noqa: F401

pytest_plugins = ["rig.fixtures"]

CANARY = f"canary-{secrets.token_hex(12)}"
CANARY_VARIABLE = "KEYWAVE_TEST_CANARY"
# What a developer's shell, or Argo CD, may have set and a test must not depend on.
FOREIGN = ("ARGOCD_", "PARAM_", "KEYWAVE_", "KUBE", "KUSTOMIZE_", "VAULT_", "XDG_")

# By files, each to the next free worker: a long one that began last would keep one of them alone at the end.
LONGEST = tuple(
    f"tests/integration/test_{name}.py" for name in ("reconciler_hostile", "reconciler_examples", "reconciler_chaos")
)

assert all((Path(__file__).parents[1] / name).is_file() for name in LONGEST)

# How long an example takes says more about what else the machine does than about the example. "few" is for the runs on further Pythons.
_PATIENT = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("patient", **_PATIENT)
hypothesis.settings.load_profile("patient")
hypothesis.settings.register_profile("few", max_examples=10, **_PATIENT)

_home = Path(tempfile.mkdtemp(prefix="kw-home-"))


def pytest_configure(config: pytest.Config) -> None:
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        return  # it only hands the tests out: its workers have to find the home that holds the servers
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        del os.environ[name]
    os.environ |= {
        "HOME": str(_home),
        "XDG_CACHE_HOME": str(_home / ".cache"),
        "XDG_CONFIG_HOME": str(_home / ".config"),
        "XDG_DATA_HOME": str(_home / ".local" / "share"),
        CANARY_VARIABLE: CANARY,
    }


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, then what waits for servers, beside which they have the processor; what needs it all the time last."""
    places = {name: place for place, name in enumerate(LONGEST)}

    def place(item: pytest.Item) -> int:
        file = item.nodeid.partition("::")[0]
        return places.get(file, len(places) + (not file.startswith("tests/integration/")))

    items.sort(key=place)


def pytest_unconfigure() -> None:
    shutil.rmtree(_home, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a test told by `record_property`: by its seed a run can be repeated, also one that has passed."""
    for report in itertools.chain.from_iterable(terminalreporter.stats.values()):
        if getattr(report, "when", "") == "call":
            for name, value in report.user_properties:
                terminalreporter.write_line(f"{report.nodeid}: {name}={value}")


@pytest.fixture
def canary() -> str:
    """The text to plant where a secret value would be."""
    return CANARY


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # Output of an earlier phase was judged in that phase's report.
    leaks = [title for title, text in report.sections if title.endswith(f" {call.when}") and CANARY in text]
    if CANARY in report.longreprtext or (call.excinfo is not None and CANARY in str(call.excinfo.value)):
        leaks.append("exception text")
    if leaks:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: the canary, which stands for a secret, is in: {', '.join(leaks)}"
        report.sections = [(title, text.replace(CANARY, "<canary>")) for title, text in report.sections]
    return report
