"""The environment in which Fabric's own programs act as a department's administrator."""

import os
import subprocess
from pathlib import Path

import pytest
from pyfabric_network.network import Network
from pyfabric_network.program_environment import as_shell, program_environment
from pyfabric_network.topology.places import Place
from pyfabric_network.topology.plan import make_plan

from pyfabric.errors import NetworkError
from tests.support.network.programs import fabric_programs, needs_fabric


def test_every_file_exists_and_every_variable_survives_a_shell(running: Network) -> None:
    found = program_environment(running.plan, running.plan.department("Tax"))
    paths = [Path(value) for value in found.values() if value.startswith("/")]
    assert len(paths) == 8
    assert all(path.exists() for path in paths)
    assert found["CORE_PEER_LOCALMSPID"] == "TaxMSP"
    assert found["OSN_ADMIN_ADDRESS"] == str(running.plan.orderers[0].admin)
    assert found["OSN_MSPID"] == "TaxOrdererMSP"
    assert "Admin@ordering.tax" in found["OSN_CLIENT_CERT"]
    assert "Admin@ordering.tax" in found["OSN_MSPCONFIGPATH"]
    given = {**found, "SPACED": "it's a 'path' $HOME"}
    printed = subprocess.run(
        ["/bin/sh", "-c", f"{as_shell(given)}exec env"],
        env={}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert {f"{name}={value}" for name, value in given.items()} <= set(printed.splitlines())


def test_a_department_without_orderers_has_one_of_another(running: Network) -> None:
    found = program_environment(running.plan, running.plan.department("Health"))
    assert found["ORDERER_ADDRESS"] == str(running.plan.orderers[0].outside)
    assert not any(name.startswith("OSN_") for name in found)


def test_keys_on_another_machine_are_not_promised(running: Network) -> None:
    plan = running.plan
    places = {"Tax": Place("t", 1, here=True), "Health": Place("h", 1, here=False)}
    apart = make_plan(plan.topology, plan.root, base_port=17000, places=places)
    with pytest.raises(NetworkError, match="keys of Health are not on this machine"):
        program_environment(apart, apart.department("Health"))


@pytest.mark.fabric
@needs_fabric
def test_fabric_s_own_peer_program_takes_it(running: Network) -> None:
    programs = fabric_programs()
    assert programs is not None
    found = program_environment(running.plan, running.plan.department("Health"))
    orderer = ["-o", found["ORDERER_ADDRESS"], "--tls", "--cafile", found["ORDERER_CA"]]
    fetch = ["channel", "fetch", "newest", os.devnull, "-c", "bills", *orderer]
    for command in (["channel", "list"], fetch):
        done = subprocess.run(
            [programs / "peer", *command],
            env=found, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
