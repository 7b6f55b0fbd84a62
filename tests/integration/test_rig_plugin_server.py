"""The rig asks the real argocd-cmp-server as Argo CD's repo-server does; the plugin here is a shell line."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rig.cmp_server import CmpServer, PluginError, application_env
from rig.fixtures import StartPlugin

PLUGIN = """\
apiVersion: argoproj.io/v1alpha1
kind: ConfigManagementPlugin
metadata: {name: rig-cat}
spec:
  version: v1.0
  discover: {fileName: app.yaml}
  generate:
    command: [sh, -c]
    args:
    - |
      if [ -f slow ]; then sleep 30; fi
      if [ -f broken ]; then echo "app.yaml:1 is broken" >&2; exit 3; fi
      cat app.yaml
      echo "  name: $ARGOCD_APP_NAME-$PARAM_SUFFIX-$SIDECAR"
  parameters:
    static:
    - {name: suffix, title: Suffix, string: x}
    - {name: images, collectionType: map, map: {a: b}}
    dynamic:
      command: [sh, -c, 'echo "[{\\"name\\": \\"from-$ARGOCD_APP_NAME\\", \\"collectionType\\": \\"array\\", \\"array\\": [\\"c\\"]}]"']
"""
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n"


@pytest.fixture(scope="module")
def plugin(start_plugin: StartPlugin, tmp_path_factory: pytest.TempPathFactory) -> CmpServer:
    file = tmp_path_factory.mktemp("plugin") / "plugin.yaml"
    file.write_text(PLUGIN)
    return start_plugin(file, env={"SIDECAR": "here"})


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "apps" / "one").mkdir(parents=True)
    (tmp_path / "apps" / "one" / "app.yaml").write_text(CONFIG_MAP)
    (tmp_path / ".git").mkdir()
    return tmp_path


def test_manifests_come_back(plugin: CmpServer, tree: Path) -> None:
    env = application_env(name="shop", parameters=[{"name": "suffix", "string": "y"}])

    (manifest,) = plugin.generate(tree, env, path="apps/one")
    assert manifest["metadata"]["name"] == "shop-y-here"


def test_a_failing_plugin_is_an_error_with_its_stderr(plugin: CmpServer, tree: Path) -> None:
    (tree / "apps" / "one" / "broken").touch()

    with pytest.raises(PluginError) as refused:
        plugin.generate(tree, path="apps/one")
    assert refused.value.code == "UNKNOWN"
    assert refused.value.text.endswith("failed exit status 3: app.yaml:1 is broken")


def test_a_slow_plugin_is_ended_before_the_deadline(plugin: CmpServer, tree: Path) -> None:
    (tree / "apps" / "one" / "slow").touch()

    with pytest.raises(PluginError) as refused:
        plugin.generate(tree, path="apps/one", timeout=1.0)
    # The server keeps a tenth of a second for its own answer.
    assert (refused.value.code, "failed signal: " in refused.value.text) == ("UNKNOWN", True), refused.value.text


def test_discovery_and_parameters_are_asked(plugin: CmpServer, tree: Path) -> None:
    assert plugin.discovery_configured()
    assert (plugin.matches(tree, path="apps/one"), plugin.matches(tree)) == (True, False)
    assert plugin.parameters(tree, path="apps/one") == [
        {"name": "from-app", "collectionType": "array", "array": ["c"]},
        {"name": "suffix", "title": "Suffix", "string": "x"},
        {"name": "images", "collectionType": "map", "map": {"a": "b"}},
    ]


def test_eight_may_ask_at_once(plugin: CmpServer, tree: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: plugin.generate(tree, path="apps/one"), range(8)))

    assert [len(answer) for answer in answers] == [1] * 8
