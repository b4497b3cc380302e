"""Small helpers; those that made hfc's own protobuf objects are gone."""

from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.errors import DecodeError, IdentityError
from pyfabric.hfc._gone import attributes
from pyfabric.hfc.fabric.user import User, signing_identity
from pyfabric.hfc.util.consts import CC_INSTALL, CC_TYPE_GOLANG
from pyfabric.identity import pem as pem_blocks
from pyfabric.messages.decoding import decode

__all__ = [
    "CC_INSTALL",
    "CC_TYPE_GOLANG",
    "create_serialized_identity",
    "extract_channel_config",
    "pem_to_der",
]

__getattr__ = attributes(__name__)


def create_serialized_identity(user: User) -> bytes:
    """Return a user as requests name it (bytes of msp.SerializedIdentity)."""
    return signing_identity(user).serialized()


def extract_channel_config(configtx_proto_envelope: bytes) -> bytes:
    """Return the update (bytes of common.ConfigUpdate) in the file of an update (bytes of common.Envelope).

    Raises ValueError for other bytes.
    """
    try:
        envelope = decode(common_pb2.Envelope, configtx_proto_envelope)
        payload = decode(common_pb2.Payload, envelope.payload)
        return decode(configtx_pb2.ConfigUpdateEnvelope, payload.data).config_update
    except DecodeError as error:
        raise ValueError(f"this is no configuration update in an envelope: {error}") from error


def pem_to_der(pem: bytes) -> bytes:
    """Return what a PEM block holds. Raises IdentityError when there is none."""
    block = pem_blocks.find(pem)
    if block is None:
        raise IdentityError("there is no PEM block")
    return block.content
