"""What an orderer makes of a configuration update: a configuration to be ordered, or a refusal.

Source: orderer/common/msgprocessor/standardchannel.go and orderer/common/multichannel/chainsupport.go of
Fabric 3.1; texts and statuses are Fabric's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from fabric_protos.common import common_pb2, configtx_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from pyfabric.errors import ConfigError, OrdererError
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.decoding import decode
from pyfabric.messages.envelopes import payload_of
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.succession import successor
from pyfabric.rules.configuration.update import propose, read_update
from pyfabric.rules.consensus import maintenance, raft
from pyfabric.rules.consensus.broadcast import check_filters
from pyfabric.rules.consensus.cutter import Message
from pyfabric.rules.consensus.types import consensus_type


@dataclass(frozen=True, slots=True)
class UpdateProcessor:
    """Processes updates for one orderer, which signs the configurations that it makes.

    `cluster` returns the running nodes of a Raft channel.
    """

    signer: SigningIdentity = field(repr=False)
    nonce: Callable[[], bytes]
    now: Callable[[], datetime]
    cluster: Callable[[], raft.Cluster]

    def process(self, envelope: common_pb2.Envelope, config: ChannelConfig) -> Message:
        """Return the configuration message that an update makes; raises OrdererError."""
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
        with _stage("consensus metadata update for channel config update is invalid"):
            consensus_type(config).check_update(config, new, self.cluster)
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


@contextmanager
def _stage(text: str) -> Iterator[None]:
    """Add to a failure, in Fabric's words, where it happened; only a filter has a status of its own."""
    try:
        yield
    except OrdererError as error:
        raise OrdererError(f"{text}: {error.message}", status=error.status) from error
    except ConfigError as error:
        raise OrdererError(f"{text}: {error}", status=common_pb2.BAD_REQUEST) from error
