"""Which messages an orderer takes, and how it refuses the others.

Source: orderer/common/broadcast and orderer/common/msgprocessor of Fabric 3.1; texts and statuses are
Fabric's. What becomes of configuration updates is in `config_update`.
"""

from collections.abc import Callable
from datetime import datetime

from fabric_protos.common import common_pb2

from pyfabric.errors import OrdererError, PolicyError
from pyfabric.messages import envelopes
from pyfabric.messages.decoding import decode
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.consensus import maintenance
from pyfabric.rules.consensus.cutter import Message
from pyfabric.rules.policies.evaluation import MissingPolicy
from pyfabric.rules.policies.paths import CHANNEL_WRITERS, ORDERER_WRITERS
from pyfabric.rules.proposals import expires_at
from pyfabric.rules.validation.form import CONFIG

_ORDERER_TRANSACTION = common_pb2.HeaderType.ORDERER_TRANSACTION
_EXPIRATION_CAPABILITIES = frozenset({"V1_1", "V1_4_2", "V2_0"})


def channel_header(envelope: common_pb2.Envelope) -> common_pb2.ChannelHeader:
    """Return the header that names the channel of a message; raises OrdererError."""
    prefix = "could not determine channel ID"
    payload = decode(
        common_pb2.Payload, envelope.payload, _bad, f"{prefix}: error unmarshalling Payload"
    )
    if not payload.HasField("header"):
        raise _bad(f"{prefix}: header not set")
    if not payload.header.channel_header:
        raise _bad(f"{prefix}: channel header not set")
    return decode(
        common_pb2.ChannelHeader,
        payload.header.channel_header,
        _bad,
        f"{prefix}: error unmarshalling channel header: error unmarshalling ChannelHeader",
    )


def check_type(header: common_pb2.ChannelHeader) -> None:
    """Refuse configurations and what only former versions ordered; raises OrdererError."""
    if header.type == CONFIG:
        raise _bad("message is of type that cannot be processed directly")
    if header.type == _ORDERER_TRANSACTION:
        raise _bad("message is of type that is no longer supported")


def check_message(
    envelope: common_pb2.Envelope, config: ChannelConfig, now: Callable[[], datetime]
) -> Message:
    """Check an ordinary message; raises OrdererError."""
    if maintenance.can_migrate(config) and config.consensus_state != maintenance.NORMAL:
        raise OrdererError(
            "normal transactions are rejected: maintenance mode",
            status=common_pb2.SERVICE_UNAVAILABLE,
        )
    size = check_filters(envelope, config, now())
    payload = decode(common_pb2.Payload, envelope.payload)
    header = decode(common_pb2.SignatureHeader, payload.header.signature_header)
    return Message(
        envelope.SerializeToString(),
        size,
        config,
        again=lambda present: check_message(envelope, present, now),
        identifier=envelopes.transaction_id(header.creator, header.nonce),
    )


def writers_policy(config: ChannelConfig) -> str:
    """Return the path of the policy of those who may send messages to the orderers of a channel."""
    in_maintenance = config.consensus_state == maintenance.MAINTENANCE
    return ORDERER_WRITERS if in_maintenance else CHANNEL_WRITERS


def check_filters(envelope: common_pb2.Envelope, config: ChannelConfig, now: datetime) -> int:
    """Apply the filters of a channel, in their order; raises OrdererError for the first that fails.

    The answer is the message's size as batches count it.
    """
    size = _check_size(envelope, config)
    _check_creator(envelope, config, now)
    return size


def _check_size(envelope: common_pb2.Envelope, config: ChannelConfig) -> int:
    size = len(envelope.payload) + len(envelope.signature)
    limit = config.batch.absolute_max_bytes
    if size > limit:
        raise _bad(f"message payload is {size} bytes and exceeds maximum allowed {limit} bytes")
    return size


def _check_creator(envelope: common_pb2.Envelope, config: ChannelConfig, now: datetime) -> None:
    payload = decode(common_pb2.Payload, envelope.payload)
    creator = decode(
        common_pb2.SignatureHeader,
        payload.header.signature_header,
        lambda text: _bad(
            "could not convert message to signedData: GetSignatureHeaderFromBytes failed, err "
            + text
        ),
        "",
    ).creator
    if config.capabilities.orderer & _EXPIRATION_CAPABILITIES:
        expires = expires_at(creator)
        if expires is not None and now >= expires:
            raise _bad("broadcast client identity expired")
    name = writers_policy(config)
    policy = config.policy(name)
    if isinstance(policy, MissingPolicy):
        raise _bad(f"could not find policy {name}")
    try:
        policy.evaluate([SignedData(envelope.payload, creator, envelope.signature)])
    except PolicyError as error:
        raise OrdererError(f"{error}: permission denied", status=common_pb2.FORBIDDEN) from error


def _bad(text: str) -> OrdererError:
    return OrdererError(text, status=common_pb2.BAD_REQUEST)
