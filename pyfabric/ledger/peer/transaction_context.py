"""A transaction that runs in a contract, as the stream to the contract needs it."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from fabric_protos.peer import proposal_pb2

from pyfabric.rules.requests.collection_access import CollectionAccess
from pyfabric.rules.requests.handler import RequestHandler
from pyfabric.rules.requests.state_access import HistoryReader
from pyfabric.rules.state.private_simulation import PrivateSimulation


class TransactionContext(RequestHandler):
    """One transaction in one contract: the handler of its requests, and what was proposed.

    `at` is the time of the peer's machine. `call` handles INVOKE_CHAINCODE, or raises ContractError.
    """

    def __init__(
        self,
        namespace: str,
        channel_id: str,
        transaction_id: str,
        signed: proposal_pb2.SignedProposal,
        at: datetime,
        simulation: PrivateSimulation,
        reader: HistoryReader,
        access: CollectionAccess,
        call: Callable[[bytes], Awaitable[bytes]],
    ) -> None:
        super().__init__(namespace, simulation, reader, access)
        self.channel_id = channel_id
        self.transaction_id = transaction_id
        self.signed = signed
        self.at = at
        self.simulation = simulation
        self.call = call
