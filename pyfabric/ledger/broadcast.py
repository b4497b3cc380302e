"""What an orderer lets into the order, and what it says to the rest.

Source: orderer/common/broadcast and orderer/common/msgprocessor of Fabric 3.1; texts and statuses are
those. Configuration updates are not supported yet and are refused with a status of their own.
"""

from datetime import datetime

from fabric_protos.common import common_pb2

from pyfabric.core.channel_config import ChannelConfig
from pyfabric.core.decoding import decode
from pyfabric.core.policies.evaluation import MissingPolicy, SignedData
from pyfabric.core.validation.form import CONFIG, CONFIG_UPDATE
from pyfabric.errors import DecodeError, OrdererError, PolicyError
from pyfabric.ledger.cutter import Message
from pyfabric.ledger.proposals import expires_at

WRITERS = "/Channel/Writers"
_ORDERER_TRANSACTION = common_pb2.HeaderType.ORDERER_TRANSACTION
_UNREADABLE = "proto: cannot parse invalid wire-format data"
_EXPIRATION_CAPABILITIES = frozenset({"V1_1", "V1_4_2", "V2_0"})


def channel_header(envelope: common_pb2.Envelope) -> common_pb2.ChannelHeader:
    """The header that says for which channel a message is; raises OrdererError."""
    prefix = "could not determine channel ID"
    try:
        payload = decode(common_pb2.Payload, envelope.payload)
    except DecodeError as error:
        raise _bad(f"{prefix}: error unmarshalling Payload: {_UNREADABLE}") from error
    if not payload.HasField("header"):
        raise _bad(f"{prefix}: header not set")
    if not payload.header.channel_header:
        raise _bad(f"{prefix}: channel header not set")
    try:
        return decode(common_pb2.ChannelHeader, payload.header.channel_header)
    except DecodeError as error:
        raise _bad(
            f"{prefix}: error unmarshalling channel header: error unmarshalling ChannelHeader: "
            f"{_UNREADABLE}"
        ) from error


def check_type(header: common_pb2.ChannelHeader) -> None:
    """Refuse configurations and what only former versions ordered; raises OrdererError."""
    if header.type == CONFIG:
        raise _bad("message is of type that cannot be processed directly")
    if header.type == _ORDERER_TRANSACTION:
        raise _bad("message is of type that is no longer supported")


def check_message(
    envelope: common_pb2.Envelope,
    header: common_pb2.ChannelHeader,
    config: ChannelConfig,
    now: datetime,
) -> Message:
    """Apply the filters of a channel, in their order; raises OrdererError for the first that fails."""
    update = header.type == CONFIG_UPDATE
    try:
        size = _check_size(envelope, config)
        _check_creator(envelope, config, now)
    except OrdererError as error:
        if not update:
            raise
        prefix = "config update for existing channel did not pass initial checks"
        raise OrdererError(f"{prefix}: {error.message}", status=error.status) from error
    if update:
        raise OrdererError(
            "configuration updates are not supported by the development ledger",
            status=common_pb2.NOT_IMPLEMENTED,
        )
    return Message(envelope.SerializeToString(), size, config)


def _check_size(envelope: common_pb2.Envelope, config: ChannelConfig) -> int:
    size = len(envelope.payload) + len(envelope.signature)
    limit = config.batch.absolute_max_bytes
    if size > limit:
        raise _bad(f"message payload is {size} bytes and exceeds maximum allowed {limit} bytes")
    return size


def _check_creator(envelope: common_pb2.Envelope, config: ChannelConfig, now: datetime) -> None:
    payload = decode(common_pb2.Payload, envelope.payload)
    try:
        creator = decode(common_pb2.SignatureHeader, payload.header.signature_header).creator
    except DecodeError as error:
        raise _bad(
            "could not convert message to signedData: GetSignatureHeaderFromBytes failed, err "
            f"{_UNREADABLE}"
        ) from error
    if config.capabilities.orderer & _EXPIRATION_CAPABILITIES:
        expires = expires_at(creator)
        if expires is not None and now >= expires:
            raise _bad("broadcast client identity expired")
    policy = config.policy(WRITERS)
    if isinstance(policy, MissingPolicy):
        raise _bad(f"could not find policy {WRITERS}")
    try:
        policy.evaluate([SignedData(envelope.payload, creator, envelope.signature)])
    except PolicyError as error:
        raise OrdererError(f"{error}: permission denied", status=common_pb2.FORBIDDEN) from error


def _bad(text: str) -> OrdererError:
    return OrdererError(text, status=common_pb2.BAD_REQUEST)
