"""The fixtures for tests of departments' systems, used as such tests use them."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from pyfabric.errors import NetworkError
from pyfabric.testing import DevelopmentNetwork
from tests.support.network.deeds_network import SOURCE, TOPOLOGY

pytest_plugins = ["pyfabric.testing.plugin"]


@pytest.fixture(scope="session")
def fabric_topology(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("topology")
    (folder / SOURCE.name).write_text(SOURCE.read_text())
    file = folder / "topology.yaml"
    file.write_text(TOPOLOGY.replace("timeout: 20ms", "timeout: 30s"))
    return file


@pytest.mark.parametrize("case", [1, 2])
def test_each_test_begins_anew(fabric: DevelopmentNetwork, case: int) -> None:
    contract = fabric.contract("Land", "estate", "deeds")
    assert contract.evaluate("get", "", "k") == b""
    contract.submit("put", "", "k", f"{case}")
    moment = fabric.development.now()
    fabric.development.move_clock(timedelta(days=case))
    assert contract.evaluate("when").decode() > (moment + timedelta(days=case)).isoformat()


def test_one_gateway_a_user(fabric: DevelopmentNetwork) -> None:
    assert fabric.gateway("Tax", "clerk") is fabric.gateway("Tax", "clerk")
    assert fabric.gateway("Tax", "clerk").identity.msp_id == "TaxMSP"
    assert fabric.gateway("Tax") is not fabric.gateway("Land")
    with pytest.raises(NetworkError, match="no department named Zoo"):
        fabric.gateway("Zoo")
    with pytest.raises(NetworkError, match="no user nobody"):
        fabric.gateway("Tax", "nobody")


def test_without_a_topology_the_fixture_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["pyfabric.testing.plugin"]\n')
    (tmp_path / "test_it.py").write_text("def test_it(fabric):\n    pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "there is no fixture fabric_topology: define one of session scope" in ran.stdout
