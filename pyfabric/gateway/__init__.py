"""The client of a Fabric network, synchronous; `pyfabric.aio` has the same names for asyncio."""

from pyfabric.core.checkpoints import Checkpoint, Checkpointer
from pyfabric.core.effects import Endpoint
from pyfabric.core.events import (
    Block,
    BlockAndPrivateData,
    BlockTransaction,
    ChaincodeEvent,
    FilteredBlock,
    FilteredTransaction,
    PrivateWrites,
)
from pyfabric.core.prepared import CommitStatus
from pyfabric.core.retry import Retry
from pyfabric.core.timeouts import Timeouts
from pyfabric.core.tracing import Tracer
from pyfabric.gateway.admin import Admin, OrdererAdmin
from pyfabric.gateway.checkpointers import FileCheckpointer, InMemoryCheckpointer
from pyfabric.gateway.contract import Contract
from pyfabric.gateway.event_stream import EventRequest, EventStream
from pyfabric.gateway.gateway import Gateway, connect
from pyfabric.gateway.network import Network
from pyfabric.gateway.transactions import Commit, Proposal, SubmittedTransaction, Transaction

__all__ = [
    "Admin",
    "Block",
    "BlockAndPrivateData",
    "BlockTransaction",
    "ChaincodeEvent",
    "Checkpoint",
    "Checkpointer",
    "Commit",
    "CommitStatus",
    "Contract",
    "Endpoint",
    "EventRequest",
    "EventStream",
    "FileCheckpointer",
    "FilteredBlock",
    "FilteredTransaction",
    "Gateway",
    "InMemoryCheckpointer",
    "Network",
    "OrdererAdmin",
    "PrivateWrites",
    "Proposal",
    "Retry",
    "SubmittedTransaction",
    "Timeouts",
    "Tracer",
    "Transaction",
    "connect",
]
