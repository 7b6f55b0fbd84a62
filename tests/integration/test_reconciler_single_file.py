"""The reconciler as one file, on real servers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from reconciler_tenant import tenant

from rig import REPOSITORY
from rig.cluster import Cluster
from rig.operators import reconciler
from rig.vault import Vault


def test_the_single_file_does_the_work(rig_folder: Path, own_cluster: Cluster, vault: Vault, tmp_path: Path) -> None:
    file = tmp_path / "keywave-reconciler.pyz"
    subprocess.run([sys.executable, "tools/single_file.py", str(file)], cwd=REPOSITORY, check=True, capture_output=True)
    shop = tenant(own_cluster, vault)
    shop.put("db", password="one")
    shop.connect()
    shop.static("db")

    with reconciler(rig_folder / "single", own_cluster, f"--namespace={shop.namespace}", script=file) as running:
        shop.wait_secret("db", password="one")
        assert running.end() == 0
