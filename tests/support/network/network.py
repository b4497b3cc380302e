"""A small network with a contract of its own, on the embedded runtime."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.profile import load_profile, profile_file
from pyfabric_network.topology.departments import ADMIN

from pyfabric.gateway import connect

SAMPLE = '''
"""A contract for tests."""

from pyfabric.chaincode import Context, Contract, ContractError, query, transaction


class Sample(Contract):
    name = "sample"

    @transaction
    def put(self, ctx: Context, key: str, value: str) -> str:
        ctx.stub.put_state(key, value.encode())
        ctx.stub.set_event("put", key.encode())
        return value

    @query
    def get(self, ctx: Context, key: str) -> str:
        return (ctx.stub.get_state(key) or b"").decode()

    @transaction
    def refuse(self, ctx: Context, key: str) -> None:
        raise ContractError(f"no {key}", code="sample.no", facts={"key": key}, zh=f"没有{key}")

    @query
    def role(self, ctx: Context) -> str:
        return ctx.client.attribute("role") or ""

    @query
    def transient(self, ctx: Context) -> dict[str, str]:
        return {key: value.hex() for key, value in ctx.stub.transient.items()}
'''

TOPOLOGY = """\
name: small
departments:
  Tax:
    title: Tax
    users:
      clerk: { attributes: { role: clerk } }
  Health: {}
ordering:
  nodes: [Tax]
  batch: { timeout: 20ms }
channels:
  bills:
    departments: [Tax, Health]
    contracts: [sample]
contracts:
  sample:
    version: "1.0"
    classes: ["sample:Sample"]
"""


def write_topology(folder: Path, text: str = TOPOLOGY) -> Path:
    """Write a topology and its contract; answers the file."""
    (folder / "sample.py").write_text(SAMPLE, encoding="utf-8")
    file = folder / "small.yaml"
    file.write_text(text, encoding="utf-8")
    return file


@contextmanager
def running_network(folder: Path, text: str = TOPOLOGY) -> Iterator[Network]:
    """Yield the network, up on free ports, with its contract deployed; down afterwards."""
    network = Network.prepare(
        write_topology(folder, text), folder / "state", base_port=ANY_FREE_PORT
    )
    network.up()
    try:
        network.deploy()
        yield network
    finally:
        network.down()


def call(network: Network, department: str, function: str, *arguments: str) -> bytes:
    """Call the contract `sample` as the department's administrator."""
    profile = load_profile(profile_file(network.plan, network.plan.department(department)))
    with connect(profile.user(ADMIN), profile.peers) as gateway:
        contract = gateway.network("bills").contract("sample")
        if function == "put":
            return contract.submit(function, *arguments)
        return contract.evaluate(function, *arguments)


def problems(network: Network) -> dict[str, str | None]:
    """Return the problems that `status` reports, by node."""
    return {node.name: node.problem for node in network.status()}
