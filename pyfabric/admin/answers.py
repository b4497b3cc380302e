"""What a peer's system chaincodes answer, or the error in its place."""

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
    """The payload that this very peer answers; the channel is "" for what concerns the peer alone.

    Raises PeerResponseError for a status of 400 or above, GatewayError when the call itself fails.
    """
    answer = yield from process_proposal(peer, identity, channel, chaincode, arguments)
    if answer.status >= _ERROR_STATUS:
        raise PeerResponseError(answer.message, status=answer.status, address=peer.address)
    return answer.payload
