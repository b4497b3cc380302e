"""A small network with contracts that take tables: lots in batches, shops one by one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyfabric_network.network import ANY_FREE_PORT, Network

CONTRACTS = '''
"""Contracts that take tables."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from pyfabric.chaincode import Context, Contract, ContractError, from_json, query, to_json, transaction
from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.contract import CityContract
from pyfabric_municipal.common.governance import FixedGovernance
from pyfabric_municipal.common.indexes import Index
from pyfabric_municipal.common.records import NEW, Tracked
from pyfabric_municipal.common.roles import Role
from pyfabric_municipal.common.steps import Changes, Mode, guard, step
from pyfabric_municipal.common.refusals import Example
from pyfabric_municipal.common.values import Positive

CLERK = Role("clerk", "经办人", attribute=("role", "clerk"))


class Lot(Tracked):
    """A lot of food."""

    KIND: ClassVar[str] = "lot"
    INDEXES: ClassVar[tuple[Index, ...]] = (Index("origin", ("origin",)),)

    origin: str
    grams: Positive
    tags: tuple[str, ...] = ()


@guard("rotten", "批次 {id} 已变质", "lot {id} is rotten", example=Example(arguments={"origin": "rotten"}))
def fresh(call):
    return call.after.origin != "rotten" or {"id": call.id}


class Food(CityContract):
    """Lots of food."""

    name = "food"
    RECORDS = (Lot,)

    def governance_of(self, ctx: Context) -> FixedGovernance:
        return FixedGovernance()

    @step(Lot, NEW, "stored", by=CLERK, mode=Mode.BATCH, guards=(fresh,))
    def store(self, call: Call[Lot], origin: str, grams: Positive, tags: tuple[str, ...] = ()) -> Changes:
        """Store lots, all of a file or none."""
        return {"origin": origin, "grams": grams, "tags": tags}


class Place(BaseModel):
    """Where a shop is."""

    model_config = ConfigDict(extra="forbid")

    street: Annotated[str, Field(min_length=1)]
    number: int | None = None


class Shop(BaseModel):
    """A shop."""

    model_config = ConfigDict(extra="forbid")

    name: str
    place: Place
    is_open: bool
    kinds: list[str] = []


class Shops(Contract):
    """Shops, by their number."""

    name = "shops"

    @transaction
    def register(self, ctx: Context, number: str, shop: Shop) -> None:
        """Register a shop, which has a number of its own."""
        key = ctx.stub.create_composite_key("shop", [number])
        if ctx.stub.get_state(key) is not None:
            raise ContractError(f"shop {number} exists already")
        ctx.stub.put_state(key, to_json(shop))

    @transaction
    def count_up(self, ctx: Context, by: int) -> None:
        """Add to a counter, each time again."""
        ctx.stub.put_state("count", str(self.count(ctx) + by).encode())

    @query
    def count(self, ctx: Context) -> int:
        """Return the counter."""
        return int(ctx.stub.get_state("count") or 0)

    @query
    def all(self, ctx: Context) -> list[Shop]:
        """Return all shops."""
        with ctx.stub.get_state_by_partial_composite_key("shop", []) as found:
            return [from_json(Shop, one.value) for one in found]
'''

_TOPOLOGY = """\
name: registering
departments:
  Tax:
    users:
      clerk: { attributes: { role: clerk, staff: T-1 } }
  Health: {}
ordering:
  nodes: [Tax]
  batch: { timeout: 20ms }
channels:
  food:
    departments: [Tax, Health]
    contracts: [registering]
contracts:
  registering:
    version: "1.0"
    classes: ["registering:Food", "registering:Shops"]
"""


@contextmanager
def registering_network(folder: Path) -> Iterator[Network]:
    """Yield the network, up on free ports, with its contracts deployed; down afterwards."""
    (folder / "registering.py").write_text(CONTRACTS, encoding="utf-8")
    file = folder / "registering.yaml"
    file.write_text(_TOPOLOGY, encoding="utf-8")
    network = Network.prepare(file, folder / "state", base_port=ANY_FREE_PORT)
    network.up()
    try:
        network.deploy()
        yield network
    finally:
        network.down(delete=True)
