"""The operations services of the ledger's nodes: what each checks, and where it listens."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import version

from pyfabric._http.server import HttpsServer
from pyfabric._operations.health import Check
from pyfabric._operations.levels import Levels
from pyfabric._operations.metrics import Registry
from pyfabric._operations.service import DISTRIBUTION, Operations, OperationsAddress
from pyfabric.client.tracing import Tracer
from pyfabric.errors import LedgerError
from pyfabric.ledger.channel.channel import ChannelLedger
from pyfabric.ledger.config import OrdererConfig, PeerConfig
from pyfabric.ledger.ordering.orderer import Orderer
from pyfabric.ledger.peer.peer import Peer

Checks = Callable[[], Mapping[str, Check]]


@dataclass(frozen=True, slots=True)
class Watching:
    """How a node is watched: levels of the log, shared by the process, and a tracer if there is one."""

    levels: Levels
    now: Callable[[], datetime]
    tracer: Tracer | None = None

    async def serve(
        self, config: PeerConfig | OrdererConfig, metrics: Registry, checks: Checks
    ) -> HttpsServer | None:
        """Serve a node's operations where its configuration says; None if it does not.

        Raises NetworkError.
        """
        if config.operations_address is None:
            return None
        operations = Operations(
            metrics, checks, self.levels, version=version(DISTRIBUTION), now=self.now
        )
        return await operations.serve(
            OperationsAddress(
                config.operations_address,
                config.tls.certificate,
                config.tls.key,
                config.operations_client_roots,
            )
        )


def peer_checks(peer: Peer) -> Mapping[str, Check]:
    """A peer's channels, and the contracts that it can endorse with."""
    channels = [channel for name in peer.joined if (channel := peer.channel(name)) is not None]
    packages = {
        chaincode.package_id
        for channel in channels
        for chaincode in peer.chaincodes(channel.channel_id).values()
        if chaincode.approved and chaincode.package_id is not None
    }
    stores = {f"ledger {each.channel_id}": partial(_store, each) for each in channels}
    contracts = {f"chaincode {each}": partial(peer.contracts.trouble, each) for each in packages}
    return {**stores, **contracts}


def orderer_checks(orderer: Orderer) -> Mapping[str, Check]:
    """The channels that an orderer has joined."""
    names: Iterable[str] = orderer.channels

    async def check(channel_id: str) -> str | None:
        return orderer.trouble(channel_id)

    return {f"channel {name}": partial(check, name) for name in names}


async def _store(channel: ChannelLedger) -> str | None:
    try:
        channel.check()
    except LedgerError as error:
        return str(error)
    return None
