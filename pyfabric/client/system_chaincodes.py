"""Calls of a peer's system chaincodes: cscc, qscc, _lifecycle."""

from collections.abc import Sequence
from typing import Final

from pyfabric.client.effects import Endpoint, Flow
from pyfabric.client.transactions import process_proposal
from pyfabric.errors import PeerResponseError
from pyfabric.identity.signing import SigningIdentity

_ERROR_STATUS: Final = 400


def ask(
    peer: Endpoint,
    identity: SigningIdentity,
    channel: str,
    chaincode: str,
    arguments: Sequence[bytes],
) -> Flow[bytes]:
    """Return the payload that this peer answers; the channel is "" for what concerns the peer alone.

    Raises PeerResponseError for a status of 400 or above, GatewayError when the call itself fails.
    """
    answer = yield from process_proposal(peer, identity, channel, chaincode, arguments)
    if answer.status >= _ERROR_STATUS:
        raise PeerResponseError(answer.message, status=answer.status, address=peer.address)
    return answer.payload
