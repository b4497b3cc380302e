"""Updates to corrupted configurations, and corrupted updates, signed by all administrators of a channel."""

from contextlib import suppress
from functools import cache
from random import Random

from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.admin.config.update import (
    compute_update,
    config_signature,
    signature_header,
    signed_update,
)
from pyfabric.errors import FabricError
from pyfabric.ledger.channel.limits import check_configure
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.update import validate
from pyfabric.rules.consensus import raft
from pyfabric.rules.consensus.config_update import UpdateProcessor
from tests.support.messages.mutation import mutant
from tests.support.messages.real_messages import real_messages
from tests.support.municipal import records
from tests.support.rules import history

_ADMINS = ("Admin@registry", "Admin@faculty", "Admin@archive", "Admin@ord")


def process(seed: int) -> ChannelConfig:
    """Return the configuration that an orderer computes from a corrupted update; raises FabricError."""
    random = Random(seed)
    present = _config()
    raw = present.raw.SerializeToString(deterministic=True)
    if random.random() < 0.7:
        update = compute_update(records.CHANNEL, raw, mutant(seed, [raw]))
    else:
        update = mutant(seed, real_messages()[configtx_pb2.ConfigUpdate])
    message = _processor().process(_signed(update), present)
    new = message.config
    if new is None:
        raise AssertionError("a configuration message without a configuration")
    check_configure(present, new)
    envelope = common_pb2.Envelope.FromString(message.envelope)
    payload = common_pb2.Payload.FromString(envelope.payload)
    validate(present, configtx_pb2.ConfigEnvelope.FromString(payload.data))
    return new


def try_update(seed: int) -> None:
    """Do the same; an exception that escapes is not one of this project's."""
    with suppress(FabricError):
        process(seed)


@cache
def _config() -> ChannelConfig:
    return ChannelConfig.from_block(history.blocks()[0])


@cache
def _processor() -> UpdateProcessor:
    return UpdateProcessor(
        records.identity("Admin@ord"), lambda: bytes(24), lambda: records.NOW, _cluster
    )


def _cluster() -> raft.Cluster:
    return raft.Cluster(raft.Membership.first(1), frozenset((1,)), records.NOW)


def _signed(update: bytes) -> common_pb2.Envelope:
    signatures = []
    for name in _ADMINS:
        admin = records.identity(name)
        header = signature_header(admin.serialized(), bytes(24))
        signatures.append(config_signature(header, admin.sign(header + update)))
    signed = records.signed(
        signed_update(update, signatures),
        signer=records.identity("Admin@registry"),
        kind=common_pb2.HeaderType.CONFIG_UPDATE,
    )
    return common_pb2.Envelope.FromString(signed)
