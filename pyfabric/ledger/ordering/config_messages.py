"""What an orderer makes of a configuration update: a configuration to be ordered, or a refusal.

Source: orderer/common/msgprocessor/standardchannel.go and orderer/common/multichannel/chainsupport.go of
Fabric 3.1; texts and statuses are those. Refused beyond Fabric: what would end the peers' or the
orderers' processes there (`UNSURVIVABLE`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from fabric_protos.common import common_pb2, configtx_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from pyfabric.errors import ConfigError, OrdererError
from pyfabric.identity.signing import SigningIdentity
from pyfabric.ledger.channel.limits import check_validation
from pyfabric.ledger.ordering.block_writing import BFT, batch_settings
from pyfabric.ledger.ordering.broadcast import check_filters
from pyfabric.messages.decoding import decode
from pyfabric.messages.envelopes import payload_of
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.succession import check_peer_support, successor
from pyfabric.rules.configuration.update import propose, read_update
from pyfabric.rules.consensus import bft, maintenance, raft
from pyfabric.rules.consensus.cutter import Message

UNSURVIVABLE: Final = "the development ledger refuses what would stop the nodes of a real network"


@dataclass(frozen=True, slots=True)
class UpdateProcessor:
    """Processes updates for one orderer, which signs the configurations that it makes.

    `cluster` tells the running nodes of a Raft channel.
    """

    signer: SigningIdentity = field(repr=False)
    nonce: Callable[[], bytes]
    now: Callable[[], datetime]
    cluster: Callable[[], raft.Cluster]

    def process(self, envelope: common_pb2.Envelope, config: ChannelConfig) -> Message:
        """The configuration message that an update makes; raises OrdererError."""
        with _stage("config update for existing channel did not pass initial checks"):
            check_filters(envelope, config, self.now())
        with _stage(f"error applying config update to existing channel '{config.channel_id}'"):
            proposed, new = self._propose(envelope, config)
        made = self._signed(proposed, config)
        with _stage("config update for existing channel did not pass final checks"):
            size = check_filters(made, config, self.now())
        with _stage(
            "config update for existing channel did not pass maintenance checks: config transaction "
            "inspection failed"
        ):
            update = decode(configtx_pb2.ConfigUpdate, read_update(envelope).config_update)
            maintenance.check(config, new, update)
        return Message(
            made.SerializeToString(),
            size,
            config,
            again=lambda present: self.process(envelope, present),
            config=new,
            identifier=sha256(envelope.SerializeToString()).hexdigest(),
        )

    def _propose(
        self, envelope: common_pb2.Envelope, config: ChannelConfig
    ) -> tuple[configtx_pb2.ConfigEnvelope, ChannelConfig]:
        proposed = propose(config, envelope)
        new = successor(config, proposed.config)
        if config.consensus_type != BFT:
            with _stage("consensus metadata update for channel config update is invalid"):
                raft.check_change(config, new, self.cluster())
        return proposed, new

    def _signed(
        self, proposed: configtx_pb2.ConfigEnvelope, config: ChannelConfig
    ) -> common_pb2.Envelope:
        header = common_pb2.ChannelHeader(
            type=common_pb2.HeaderType.CONFIG,
            timestamp=Timestamp(seconds=int(self.now().timestamp())),
            channel_id=config.channel_id,
        )
        payload = payload_of(
            header.SerializeToString(),
            self.signer.serialized(),
            self.nonce(),
            proposed.SerializeToString(deterministic=True),
        )
        return common_pb2.Envelope(payload=payload, signature=self.signer.sign(payload))


def check_configure(old: ChannelConfig, new: ChannelConfig) -> None:
    """Raise OrdererError for a configuration that the ordering service, or this ledger, does not take."""
    if old.consensus_type == BFT:
        try:
            bft.check_policy(new)
        except ConfigError as error:
            raise OrdererError(str(error), status=common_pb2.SERVICE_UNAVAILABLE) from error
    _check_survivable(new)


def _check_survivable(new: ChannelConfig) -> None:
    try:
        check_peer_support(new)
        batch_settings(new)
    except ConfigError as error:
        raise OrdererError(f"{UNSURVIVABLE}: {error}", status=common_pb2.BAD_REQUEST) from error
    try:
        check_validation(new)
    except ConfigError as error:
        raise OrdererError(str(error), status=common_pb2.BAD_REQUEST) from error


@contextmanager
def _stage(text: str) -> Iterator[None]:
    """Say in Fabric's words where an update failed; only a filter knows a status of its own."""
    try:
        yield
    except OrdererError as error:
        raise OrdererError(f"{text}: {error.message}", status=error.status) from error
    except ConfigError as error:
        raise OrdererError(f"{text}: {error}", status=common_pb2.BAD_REQUEST) from error
