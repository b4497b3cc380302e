"""The client of a Fabric network for asyncio; `pyfabric.gateway` has the same names."""

from pyfabric.aio.admin import Admin, OrdererAdmin
from pyfabric.aio.checkpointers import FileCheckpointer, InMemoryCheckpointer
from pyfabric.aio.contract import Contract
from pyfabric.aio.event_stream import EventRequest, EventStream
from pyfabric.aio.gateway import Gateway, connect
from pyfabric.aio.network import Network
from pyfabric.aio.transactions import Commit, Proposal, SubmittedTransaction, Transaction
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
