"""What a client passes to a contract is what the test ledger passes."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum

import pytest
from pydantic import BaseModel

from pyfabric.chaincode import Context, Contract, transaction
from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.testing import TestLedger
from pyfabric.client.client import Client
from pyfabric.client.contract_flows import ContractFlows
from pyfabric.client.effects import Endpoint
from pyfabric.client.peers import Peers
from pyfabric.client.timeouts import Timeouts
from pyfabric.errors import ClientError
from tests.support.client.gateway_server import new_identity

FLOWS = ContractFlows(
    Client(Peers([Endpoint("a:1", b"")]), new_identity(), Timeouts()), "channel", "chaincode", None
)


@dataclass
class Plot:
    number: int
    owner: str


class Model(BaseModel):
    name: str


class Colour(Enum):
    RED = "red"


VALUES: list[tuple[object, bytes]] = [
    ("text", b"text"),
    (b"\x00\xff", b"\x00\xff"),
    (1, b"1"),
    (True, b"true"),
    (1.5, b"1.5"),
    (Decimal("12.50"), b"12.50"),
    (date(2026, 1, 31), b"2026-01-31"),
    (datetime(2026, 1, 31, 8, tzinfo=UTC), b"2026-01-31T08:00:00Z"),
    (Colour.RED, b"red"),
    (None, b""),
    ({"b": 1, "a": [2]}, b'{"a":[2],"b":1}'),
    ([1, "a"], b'[1,"a"]'),
    (Plot(7, "ann"), b'{"number":7,"owner":"ann"}'),
    (Model(name="ann"), b'{"name":"ann"}'),
]


NAIVE = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)


class Echo(Contract):
    @transaction
    def echo(self, ctx: Context, value: bytes) -> bytes:
        return value


@pytest.mark.parametrize(("value", "sent"), VALUES)
def test_a_value_is_sent_as_the_test_ledger_passes_it(value: object, sent: bytes) -> None:
    called = FLOWS.invocation("echo", [value], {"key": value})
    assert (called.arguments, called.transient) == ([b"echo", sent], {"key": sent})
    assert TestLedger(Chaincode([Echo()])).evaluate("echo", value) == sent


@pytest.mark.parametrize("value", [object(), float("nan"), NAIVE, "\ud800", {1, 2}])
def test_a_value_without_a_form_is_named(value: object) -> None:
    with pytest.raises(ClientError, match=f"argument 2 cannot be sent: a {type(value).__name__}"):
        FLOWS.invocation("echo", ["a", value])
    with pytest.raises(ClientError, match="transient 'key' cannot be sent"):
        FLOWS.invocation("echo", [], {"key": value})
