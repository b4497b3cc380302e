"""A peer as a server: its identity read from its MSP folder, its services on its port."""

import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from random import Random

import grpc
from fabric_protos.discovery import protocol_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import proposal_pb2

from pyfabric._http.server import HttpsServer
from pyfabric.client.tracing import Tracer
from pyfabric.errors import StatusCode
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.loading import load_msp_folder
from pyfabric.identity.msp import MSP
from pyfabric.ledger.channel.channels import Channels
from pyfabric.ledger.config import PeerConfig
from pyfabric.ledger.failures import CallError
from pyfabric.ledger.nodes.operations import Watching, peer_checks
from pyfabric.ledger.ordering.submission import Ordering
from pyfabric.ledger.peer.peer import Peer
from pyfabric.ledger.servers import Limit, ServiceBuilder, start_server
from pyfabric.ledger.services.deliver import DeliverService
from pyfabric.ledger.services.discovery import DiscoveryService
from pyfabric.ledger.services.endorser import Endorser, Response
from pyfabric.ledger.services.endorsers import Endorsers
from pyfabric.ledger.services.event_service import EventService
from pyfabric.ledger.services.gateway_service import TransactionService
from pyfabric.rules.proposals import ProposalError

GATEWAY_LIMIT = 500
OTHER_LIMIT = 2500
_GRACE = 2.0


class PeerNode:
    """A running peer. Make it with `start`."""

    def __init__(
        self, peer: Peer, server: grpc.aio.Server, port: int, operations: HttpsServer | None
    ) -> None:
        self.peer = peer
        self.port = port
        self._server = server
        self._operations = operations

    @classmethod
    async def start(
        cls,
        config: PeerConfig,
        folder: Path,
        channels: Channels,
        ordering: Ordering,
        now: Callable[[], datetime],
        random: Random,
        watching: Watching,
    ) -> "PeerNode":
        """Open a peer's files and serve; raises IdentityError, LedgerError or NetworkError."""
        peer = Peer(
            name=config.name,
            address=config.inside_address,
            identity=load_msp_folder(config.msp, config.msp_id),
            local_msp=MSP(MSPDefinition.from_folder(config.msp, config.msp_id), ed25519=True),
            builder=config.builder,
            folder=folder,
            channels=channels,
        )
        channels.add(peer)
        mutual_tls = config.tls.client_roots is not None
        endorsers = Endorsers(peer, channels, now, random)
        builders = [
            _gateway(peer, endorsers, ordering, channels, watching.tracer),
            _endorser(peer, Endorser(peer, now), watching.tracer),
            _deliver(peer, DeliverService(peer, now, mutual_tls=mutual_tls)),
            _discovery(peer, DiscoveryService(peer, channels, now, mutual_tls=mutual_tls)),
        ]
        async with AsyncExitStack() as stack:
            stack.push_async_callback(peer.close)
            server, port = await start_server(config.address, config.tls, builders)
            stack.push_async_callback(server.stop, None)
            operations = await watching.serve(
                config, peer.metrics.registry, lambda: peer_checks(peer)
            )
            stack.pop_all()
        return cls(peer, server, port, operations)

    async def stop(self) -> None:
        """Let calls end for a moment, then stop."""
        if self._operations is not None:
            await self._operations.stop()
        await self._server.stop(_GRACE)
        await self.peer.close()


def _gateway(
    peer: Peer,
    endorsers: Endorsers,
    ordering: Ordering,
    channels: Channels,
    tracer: Tracer | None,
) -> ServiceBuilder:
    name = "gateway.Gateway"
    transactions = TransactionService(peer, endorsers, ordering)
    events = EventService(peer, channels.waiters)
    service = ServiceBuilder(name, Limit(name, GATEWAY_LIMIT), peer.metrics.calls, tracer)
    service.unary("Evaluate", gateway_pb2.EvaluateRequest, transactions.evaluate)
    service.unary("Endorse", gateway_pb2.EndorseRequest, transactions.endorse)
    service.unary("Submit", gateway_pb2.SubmitRequest, transactions.submit)
    service.unary("CommitStatus", gateway_pb2.SignedCommitStatusRequest, events.commit_status)
    service.server_stream(
        "ChaincodeEvents",
        gateway_pb2.SignedChaincodeEventsRequest,
        events.chaincode_events,
    )
    return service


def _endorser(peer: Peer, endorser: Endorser, tracer: Tracer | None) -> ServiceBuilder:
    name = "protos.Endorser"
    service = ServiceBuilder(name, Limit(name, OTHER_LIMIT), peer.metrics.calls, tracer)

    async def process(
        signed: proposal_pb2.SignedProposal, _context: grpc.aio.ServicerContext
    ) -> Response:
        try:
            return await endorser.process(signed)
        except ProposalError as error:
            raise CallError(StatusCode.UNKNOWN, error.message) from error

    service.unary("ProcessProposal", proposal_pb2.SignedProposal, process)
    return service


def _deliver(peer: Peer, deliver: DeliverService) -> ServiceBuilder:
    name = "protos.Deliver"
    service = ServiceBuilder(name, Limit(name, OTHER_LIMIT), peer.metrics.calls)
    service.stream("Deliver", deliver.blocks)
    service.stream("DeliverFiltered", deliver.filtered)
    service.stream("DeliverWithPrivateData", deliver.with_private_data)
    return service


def _discovery(peer: Peer, discovery: DiscoveryService) -> ServiceBuilder:
    name = "discovery.Discovery"
    unlimited = Limit(name, sys.maxsize)  # as in Fabric
    service = ServiceBuilder(name, unlimited, peer.metrics.calls)
    service.unary("Discover", protocol_pb2.SignedRequest, discovery.discover)
    return service
