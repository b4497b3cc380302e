"""Flows that change a channel's configuration: administrators sign an update, one of them submits it.

`pyfabric.admin.config.update` computes the update itself.
"""

from collections.abc import Sequence

from fabric_protos.common import common_pb2

from pyfabric.admin.config.update import (
    config_signature,
    signature_header,
    signed_update,
    updated_channel,
)
from pyfabric.client.effects import Broadcast, Endpoint, Flow, broadcast, nonce, sign
from pyfabric.client.envelopes import signed_envelope
from pyfabric.errors import ConfigError, OrdererError
from pyfabric.identity.signing import SigningIdentity


def sign_update(admin: SigningIdentity, update: bytes) -> Flow[bytes]:
    """Return an administrator's signature over an update (bytes of common.ConfigUpdate).

    Raises ConfigError for bytes that are no update of a channel: they may be anything else.
    """
    updated_channel(update)
    header = signature_header(admin.serialized(), (yield from nonce()))
    return config_signature(header, (yield from sign(admin, header + update)))


def submit_update(
    orderer: Endpoint,
    submitter: SigningIdentity,
    channel: str,
    update: bytes,
    signatures: Sequence[bytes],
) -> Flow[None]:
    """Send an update with the signatures of administrators to an orderer.

    The submitter's own signature counts only if it is among them. Raises OrdererError when the orderer
    refuses, and ConfigError for an update of another channel. The update is in force when the next
    configuration block is committed, not before.
    """
    updated = updated_channel(update)
    if updated != channel:
        raise ConfigError(f"the update is for channel {updated!r}, not for {channel!r}")
    data = signed_update(update, signatures)
    kind = common_pb2.HeaderType.CONFIG_UPDATE
    envelope = yield from signed_envelope(submitter, kind, channel, data)
    status, info = yield from broadcast(Broadcast(orderer, envelope))
    if status != common_pb2.Status.SUCCESS:
        raise OrdererError(info, status=status)
