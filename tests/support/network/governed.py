"""A small network whose departments govern their channel by the contract `city`, with a contract that reads its clock."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.profile import load_profile, profile_file
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.gateway import Contract, connect
from tests.support.municipal.municipal import social_credit_code
from tests.support.network.programs import fabric_programs

DEPARTMENTS = ("Tax", "Health", "Land", "Audit")
MAJORITY = ("Tax", "Health", "Land")
CHANNEL = "records"

GUARDED = '''
"""A contract with steps that read the clock of their channel, a parameter, or neither."""

from pyfabric.chaincode import Context, Contract, transaction
from pyfabric_municipal.common.governance import city_of


class Guarded(Contract):
    name = "guarded"

    @transaction
    def stamp(self, ctx: Context, key: str) -> int:
        begun = city_of(ctx).clock().begun
        ctx.stub.put_state(key, str(begun).encode())
        return begun

    @transaction
    def read(self, ctx: Context, key: str) -> int:
        days = city_of(ctx).parameter("waste", "acceptance-days")
        ctx.stub.put_state(key, str(days).encode())
        return int(str(days))

    @transaction
    def plain(self, ctx: Context, key: str) -> int:
        ctx.stub.put_state(key, b"0")
        return 0
'''

_TOPOLOGY = """\
name: governed
departments:
  Tax: &department
    users: { governor: { attributes: { role: governor } }, clerk: {} }
  Health: *department
  Land: *department
  Audit: *department
ordering:
  nodes: [Tax]
  batch: { timeout: 20ms }
times: { publish_interval: 250ms }
channels:
  records:
    departments: [Tax, Health, Land, Audit]
    contracts: [city, guarded]
contracts:
  city:
    version: "1.0"
    classes: [pyfabric_municipal.city.contract:City]
    clock: %s
  guarded:
    version: "1.0"
    classes: ["guarded:Guarded"]
"""


def governed_topology(folder: Path, *, ticking: bool) -> Path:
    """Write the topology and its contract; `ticking`: contract hosts tick the clock. Answers the file."""
    (folder / "guarded.py").write_text(GUARDED, encoding="utf-8")
    file = folder / "governed.yaml"
    file.write_text(_TOPOLOGY % str(ticking).lower(), encoding="utf-8")
    return file


@contextmanager
def governed_network(folder: Path, runtime: RuntimeName, *, ticking: bool) -> Iterator[Network]:
    """Yield the network, up on free ports, with its contracts deployed; down afterwards."""
    network = Network.prepare(
        governed_topology(folder, ticking=ticking),
        folder / "state",
        base_port=ANY_FREE_PORT,
        runtime=runtime,
        programs=fabric_programs(),
    )
    network.up()
    try:
        network.deploy()
        yield network
    finally:
        network.down(delete=True)


@contextmanager
def contract(
    network: Network, chaincode: str, department: str = "Tax", user: str = "clerk"
) -> Iterator[Contract]:
    """Yield a contract as a user of a department calls it."""
    profile = load_profile(profile_file(network.plan, network.plan.department(department)))
    with connect(profile.user(user), profile.peers) as gateway:
        yield gateway.network(CHANNEL).contract(chaincode)


def msp_ids(departments: Sequence[str]) -> list[str]:
    """Return the MSP ids of departments."""
    return [f"{one}MSP" for one in departments]


def founding(members: Sequence[str], *, slot_seconds: int) -> list[dict[str, Any]]:
    """Return the items of a founding by these departments."""
    contents: list[dict[str, Any]] = [
        {
            "kind": "department",
            "msp_id": f"{name}MSP",
            "uscc": social_credit_code("11110000", f"MB9{place:05}"),
            "name": name,
            "region": "110000",
        }
        for place, name in enumerate(members)
    ]
    contents.append(_parameter("city", "slot-seconds", slot_seconds))
    contents.append(_parameter("waste", "acceptance-days", 5))
    return [{"builds_on": 0, "content": one} for one in contents]


def _parameter(owner: str, name: str, value: int) -> dict[str, Any]:
    return {
        "kind": "parameter",
        "contract": owner,
        "name": name,
        "type": "integer",
        "mark": "K",
        "value": value,
    }


def approved(network: Network, items: list[dict[str, Any]], by: Sequence[str]) -> str:
    """Propose a change by the first department and approve it by the others; returns its id."""
    first, *others = by
    with contract(network, "city", first, "governor") as city:
        change = city.submit("propose", items, "agreed in council", "").decode()
    for each in others:
        with contract(network, "city", each, "governor") as city:
            city.submit("approve", change)
    return change


def found(network: Network, *, slot_seconds: int) -> None:
    """Found the channel by a majority of its departments."""
    change = approved(network, founding(DEPARTMENTS, slot_seconds=slot_seconds), MAJORITY)
    with contract(network, "city") as city:
        city.submit("enact", change, endorsing_organizations=msp_ids(MAJORITY))


def slots(city: Contract) -> Any:
    """Return the newest slot, who wrote it, and the length of slots."""
    return json.loads(city.evaluate("slots"))
