# Made from pyfabric/aio/__init__.py by tools/make_surfaces.py: edit that, and run `make surfaces`.
"""The client of a Fabric network, with blocking calls; `pyfabric.aio` has the same names for asyncio.

Everything that a gateway gives is thread-safe, but each event stream is iterated in one thread.
"""

from typing import TYPE_CHECKING

from pyfabric._grpc.endpoint_files import load_endpoint
from pyfabric._lazy import lazily
from pyfabric.client.checkpoints import Checkpoint, Checkpointer
from pyfabric.client.effects import Endpoint
from pyfabric.client.retry import Retry
from pyfabric.client.timeouts import Timeouts
from pyfabric.client.tracing import Tracer
from pyfabric.gateway.checkpointers import FileCheckpointer, InMemoryCheckpointer
from pyfabric.gateway.contract import Contract
from pyfabric.gateway.event_request import EventRequest
from pyfabric.gateway.event_stream import EventStream
from pyfabric.gateway.gateway import Gateway, connect
from pyfabric.gateway.network import Network
from pyfabric.gateway.transactions import Commit, Proposal, SubmittedTransaction, Transaction
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
    from pyfabric.gateway.admin import Admin, OrdererAdmin
    from pyfabric.gateway.certificate_authority import CertificateAuthority
    from pyfabric.gateway.operations import Operations
else:
    __getattr__ = lazily(
        __name__,
        {
            "pyfabric.gateway.admin": ["Admin", "OrdererAdmin"],
            "pyfabric.gateway.certificate_authority": ["CertificateAuthority"],
            "pyfabric.gateway.operations": ["Operations"],
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
