"""Files of configuration updates, signed and sent."""

from collections.abc import Sequence
from pathlib import Path

from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.admin.updates import sign_update, submit_update
from pyfabric.client.effects import Endpoint, Flow
from pyfabric.errors import ClientError
from pyfabric.hfc.util.utils import extract_channel_config
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.blocks import parse_block
from pyfabric.messages.decoding import decode


def read_update(file: str) -> bytes:
    """Return the update (bytes of common.ConfigUpdate) in a file. Raises ValueError, or ClientError without the file."""
    try:
        return extract_channel_config(Path(file).read_bytes())
    except OSError as error:
        raise ClientError(f"the update cannot be read: {file}: {error.strerror}") from error


def update_channel(
    orderer: Endpoint,
    identity: SigningIdentity,
    channel: str,
    update: bytes,
    signatures: Sequence[bytes],
) -> Flow[None]:
    """Sign an update and send it with the signatures of others. Raises OrdererError or ConfigError."""
    own = yield from sign_update(identity, update)
    yield from submit_update(orderer, identity, channel, update, [*signatures, own])


def config_envelope(block: bytes) -> configtx_pb2.ConfigEnvelope:
    """Return what a configuration block holds; raises DecodeError."""
    envelope = decode(common_pb2.Envelope, parse_block(block).data.data[0])
    payload = decode(common_pb2.Payload, envelope.payload)
    return decode(configtx_pb2.ConfigEnvelope, payload.data)
