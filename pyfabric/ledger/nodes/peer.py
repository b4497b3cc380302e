"""A peer as a server: its identity read from its MSP folder, its services on its port."""

import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random

import grpc
from fabric_protos.discovery import protocol_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import proposal_pb2, proposal_response_pb2

from pyfabric._http.server import HttpsServer
from pyfabric._operations.health import Check
from pyfabric.client.tracing import Tracer
from pyfabric.errors import LedgerError, StatusCode
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.loading import load_msp_folder
from pyfabric.identity.msp import MSP
from pyfabric.ledger.channel.channels import Channels
from pyfabric.ledger.config import PeerConfig
from pyfabric.ledger.failures import CallError
from pyfabric.ledger.nodes.client_roots import peer_client_roots
from pyfabric.ledger.nodes.operations import Watching
from pyfabric.ledger.peer.peer import JoinedChannel, Peer
from pyfabric.ledger.peer.peers import Peers
from pyfabric.ledger.private.data import PrivateExchange
from pyfabric.ledger.servers import Limit, ServiceBuilder, start_server
from pyfabric.ledger.services.deliver import DeliverService
from pyfabric.ledger.services.discovery import DiscoveryService
from pyfabric.ledger.services.endorser import Endorser
from pyfabric.ledger.services.gateway.endorse import EndorseService
from pyfabric.ledger.services.gateway.endorsers import Endorsers
from pyfabric.ledger.services.gateway.evaluate import EvaluateService
from pyfabric.ledger.services.gateway.events import EventService
from pyfabric.ledger.services.gateway.submit import Ordering, SubmitService
from pyfabric.ledger.traces import Traces
from pyfabric.rules.proposals import ProposalError

GATEWAY_LIMIT = 500
OTHER_LIMIT = 2500
_GRACE = 2.0


@dataclass(frozen=True, slots=True)
class PeerEnvironment:
    """What the peers of a process share."""

    channels: Channels
    ordering: Ordering
    traces: Traces
    now: Callable[[], datetime]
    random: Random
    peers: Peers = field(default_factory=Peers)
    exchange: PrivateExchange = field(default_factory=PrivateExchange)


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
        shared: PeerEnvironment,
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
            channels=shared.channels,
            exchange=shared.exchange,
            traces=shared.traces,
        )
        shared.peers.add(peer)
        now, mutual_tls = shared.now, config.tls.client_roots is not None
        builders = [
            _gateway(peer, shared, watching.tracer),
            _endorser(peer, Endorser(peer, now), watching.tracer),
            _deliver(peer, DeliverService(peer, now, mutual_tls=mutual_tls)),
            _discovery(peer, DiscoveryService(peer, shared.peers, now)),
        ]
        async with AsyncExitStack() as stack:
            stack.push_async_callback(peer.close)
            roots = peer_client_roots(peer, config.tls.client_roots)
            server, port = await start_server(
                config.address, config.tls, builders, client_roots=roots
            )
            stack.push_async_callback(server.stop, None)
            operations = await watching.serve(config, peer.metrics.registry, partial(_checks, peer))
            stack.pop_all()
        return cls(peer, server, port, operations)

    async def stop(self) -> None:
        """Stop, giving calls a moment to finish, and follow no channel any more."""
        if self._operations is not None:
            await self._operations.stop()
        await self._server.stop(_GRACE)
        for joined in self.peer.joined.values():
            joined.leave()
        await self.peer.close()


def _checks(peer: Peer) -> Mapping[str, Check]:
    """Return the checks of a peer's channels, and of the contracts that it can endorse with."""
    packages = {
        chaincode.package_id
        for joined in peer.joined.values()
        for chaincode in joined.chaincodes.values()
        if chaincode.approved and chaincode.package_id is not None
    }
    stores = {f"ledger {name}": partial(_store, joined) for name, joined in peer.joined.items()}
    contracts = {f"chaincode {each}": partial(peer.contracts.trouble, each) for each in packages}
    return {**stores, **contracts}


async def _store(joined: JoinedChannel) -> str | None:
    try:
        joined.channel.check()
    except LedgerError as error:
        return str(error)
    return None


def _gateway(peer: Peer, shared: PeerEnvironment, tracer: Tracer | None) -> ServiceBuilder:
    name = "gateway.Gateway"
    endorsers = Endorsers(peer, shared.peers, shared.now, shared.random)
    evaluation, endorsing = EvaluateService(peer, endorsers), EndorseService(peer, endorsers)
    submission, events = SubmitService(peer, shared.ordering), EventService(peer)
    service = ServiceBuilder(name, Limit(name, GATEWAY_LIMIT), peer.metrics.calls, tracer)
    service.unary("Evaluate", gateway_pb2.EvaluateRequest, evaluation.evaluate)
    service.unary("Endorse", gateway_pb2.EndorseRequest, endorsing.endorse)
    service.unary("Submit", gateway_pb2.SubmitRequest, submission.submit)
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
    ) -> proposal_response_pb2.ProposalResponse:
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
