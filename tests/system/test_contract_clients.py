"""Who reaches a contract's functions: a department's own peers, also after all kinds of renewals."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyfabric_network.connections import Connections, endpoint
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Member

from pyfabric.identity.folders import write_ca
from pyfabric.identity.issuing import CertificateAuthority
from tests.support.network.contract_clients import speaks_http2
from tests.support.network.network import TOPOLOGY, call, write_topology
from tests.support.network.programs import fabric_programs, needs_fabric

RUNTIMES = [
    RuntimeName.EMBEDDED,
    pytest.param(RuntimeName.NATIVE, marks=[pytest.mark.fabric, needs_fabric]),
]


@pytest.fixture(scope="module", params=RUNTIMES)
def network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Network]:
    folder = tmp_path_factory.mktemp("clients")
    made = Network.prepare(
        write_topology(folder, TOPOLOGY),
        folder / "state",
        base_port=ANY_FREE_PORT,
        runtime=request.param,
        programs=fabric_programs(),
    )
    made.up()
    try:
        made.deploy()
        yield made
    finally:
        made.down()


def installed(network: Network) -> set[str]:
    """Return the package ids on Tax's peer."""
    tax = network.plan.department("Tax")
    with Connections(network.plan) as connections:
        packages = connections.admin(tax).installed(endpoint(tax.peers[0]))
    return {one.package_id for one in packages}


def is_served(department: DepartmentPlan, client: Member | None) -> bool:
    """Return whether the department's contract host takes a client."""
    return speaks_http2(department.contract_address(0), department, client)


def test_a_host_takes_its_departments_contract_client_and_nobody_else(network: Network) -> None:
    tax, health = network.plan.department("Tax"), network.plan.department("Health")
    assert is_served(tax, tax.contract_client)
    others = [tax.peers[0].member, tax.admin, tax.users["clerk"], tax.contract_host]
    for other in (None, *others, health.contract_client, health.peers[0].member):
        assert not is_served(tax, other), other


def renew_client(tax: DepartmentPlan) -> None:
    shutil.rmtree(tax.contract_client.folder)


def renew_host(tax: DepartmentPlan) -> None:
    shutil.rmtree(tax.contract_host.folder)


def renew_tls_ca(tax: DepartmentPlan) -> None:
    """Put another TLS CA in the place of the department's, and have it issue for contracts."""
    write_ca(tax.tls_ca, CertificateAuthority.create("new", "Tax", now=datetime.now(UTC)))
    renew_client(tax)
    renew_host(tax)


@pytest.mark.parametrize("renew", [renew_client, renew_host, renew_tls_ca])
def test_a_renewal_leaves_contracts_and_package_ids_alone(
    network: Network, renew: Callable[[DepartmentPlan], None], tmp_path: Path
) -> None:
    tax = network.plan.department("Tax")
    call(network, "Tax", "put", "before", renew.__name__)
    package_ids = installed(network)
    old = Member("old", "client", tmp_path / "old")
    shutil.copytree(tax.contract_client.folder, old.folder)
    renew(tax)
    made = {step.subject for step in network.pending() if step.action == "make"}
    assert made == {"keys and certificates"}
    again = Network.reopen(network.folder, programs=fabric_programs())
    again.up()
    assert call(again, "Tax", "get", "before") == renew.__name__.encode()
    assert call(again, "Tax", "put", "after", "renewed") == b"renewed"
    assert installed(again) == package_ids
    if renew is not renew_tls_ca:  # the administrator's own certificate is the former CA's
        assert not any(one.changed for one in again.deploy())
    assert is_served(tax, tax.contract_client)
    assert is_served(tax, old) is (renew is renew_host)


def test_the_key_is_in_its_owners_files_alone(network: Network) -> None:
    tax = network.plan.department("Tax")
    key = tax.contract_client.tls_key.read_bytes().splitlines()[1]
    holders = [
        file
        for file in network.plan.root.rglob("*")
        if file.is_file() and not file.is_symlink() and key in file.read_bytes()
    ]
    assert tax.contract_client.tls_key in holders
    for file in holders:
        assert not file.stat().st_mode & 0o077, file
        assert file.suffix != ".gz", file
        assert "log" not in file.name, file
