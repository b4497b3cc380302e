"""The client of a Fabric network, for asyncio; `pyfabric.gateway` has the same names with blocking calls.

Everything that a gateway gives belongs to the event loop of its first call.
"""

from typing import TYPE_CHECKING

from pyfabric._grpc.endpoint_files import load_endpoint
from pyfabric._lazy import lazily
from pyfabric.aio.checkpointers import FileCheckpointer, InMemoryCheckpointer
from pyfabric.aio.contract import Contract
from pyfabric.aio.event_request import EventRequest
from pyfabric.aio.event_stream import EventStream
from pyfabric.aio.gateway import Gateway, connect
from pyfabric.aio.network import Network
from pyfabric.aio.transactions import Commit, Proposal, SubmittedTransaction, Transaction
from pyfabric.client.checkpoints import Checkpoint, Checkpointer
from pyfabric.client.effects import Endpoint
from pyfabric.client.retry import Retry
from pyfabric.client.timeouts import Timeouts
from pyfabric.client.tracing import Tracer
from pyfabric.messages.events import (
    Block,
    BlockAndPrivateData,
    BlockTransaction,
    ChaincodeEvent,
    FilteredBlock,
    FilteredTransaction,
    PrivateWrites,
)
from pyfabric.messages.prepared import CommitStatus

if TYPE_CHECKING:
    from pyfabric.aio.admin import Admin, OrdererAdmin
    from pyfabric.aio.certificate_authority import CertificateAuthority
    from pyfabric.aio.operations import Operations
else:
    __getattr__ = lazily(
        __name__,
        {
            "pyfabric.aio.admin": ["Admin", "OrdererAdmin"],
            "pyfabric.aio.certificate_authority": ["CertificateAuthority"],
            "pyfabric.aio.operations": ["Operations"],
        },
    )

__all__ = [
    "Admin",
    "Block",
    "BlockAndPrivateData",
    "BlockTransaction",
    "CertificateAuthority",
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
    "Operations",
    "OrdererAdmin",
    "PrivateWrites",
    "Proposal",
    "Retry",
    "SubmittedTransaction",
    "Timeouts",
    "Tracer",
    "Transaction",
    "connect",
    "load_endpoint",
]
