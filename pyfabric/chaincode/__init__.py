"""What authors of contracts import."""

from pyfabric.chaincode.calls import KeyValue, Page
from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.client import ClientIdentity
from pyfabric.chaincode.contract import (
    AsyncContext,
    AsyncContract,
    Context,
    Contract,
    query,
    transaction,
)
from pyfabric.chaincode.invocation import Event
from pyfabric.chaincode.json_values import from_json, to_json
from pyfabric.chaincode.stub import AsyncStub, Stub
from pyfabric.errors import ContractError, StateError

__all__ = [
    "AsyncContext",
    "AsyncContract",
    "AsyncStub",
    "Chaincode",
    "ClientIdentity",
    "Context",
    "Contract",
    "ContractError",
    "Event",
    "KeyValue",
    "Page",
    "StateError",
    "Stub",
    "from_json",
    "query",
    "to_json",
    "transaction",
]
