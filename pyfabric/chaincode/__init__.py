"""What authors of contracts import."""

from pyfabric.chaincode.async_stub import AsyncPrivateCollection, AsyncStub
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
from pyfabric.chaincode.key_policies import KeyEndorsementPolicy
from pyfabric.chaincode.results import KeyValue, Modification, Page, Response
from pyfabric.chaincode.stub import PrivateCollection, Stub
from pyfabric.client.tracing import Tracer
from pyfabric.errors import ContractError, StateError
from pyfabric.messages.json_values import from_json, to_json

__all__ = [
    "AsyncContext",
    "AsyncContract",
    "AsyncPrivateCollection",
    "AsyncStub",
    "Chaincode",
    "ClientIdentity",
    "Context",
    "Contract",
    "ContractError",
    "Event",
    "KeyEndorsementPolicy",
    "KeyValue",
    "Modification",
    "Page",
    "PrivateCollection",
    "Response",
    "StateError",
    "Stub",
    "Tracer",
    "from_json",
    "query",
    "to_json",
    "transaction",
]
