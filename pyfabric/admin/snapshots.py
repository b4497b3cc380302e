"""Flows over a peer's snapshots: made at a block of a channel, and joined from by another peer.

A snapshot is a folder on its peer's machine with the channel's state after a block. A peer that joins by it has no
earlier blocks. Source: core/ledger/snapshotgrpc and core/scc/cscc of Fabric 3.1. A refusal raises PeerResponseError
with the peer's own text; the identity must be an administrator of the peer's own organisation.
"""

from dataclasses import dataclass
from typing import Final

from fabric_protos.common import common_pb2
from fabric_protos.peer import query_pb2, snapshot_pb2

from pyfabric.client.effects import Endpoint, Flow, Unary, call, nonce, sign
from pyfabric.client.system_chaincodes import ask
from pyfabric.errors import GatewayError, PeerResponseError, StatusCode
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.decoding import decode

_SERVICE: Final = "/protos.Snapshot"
_REFUSED: Final = 500
_NOT_OFFERED: Final = 501


@dataclass(frozen=True, slots=True)
class JoinBySnapshotStatus:
    """Whether a peer is joining a channel by a snapshot now, and the folder on its machine that it reads."""

    in_progress: bool
    folder: str


def request_snapshot(
    peer: Endpoint, admin: SigningIdentity, channel: str, block_number: int
) -> Flow[None]:
    """Request that the peer makes a snapshot when it has committed a block; 0 stands for the newest one."""
    yield from _request(peer, admin, "Generate", channel, block_number)


def cancel_snapshot(
    peer: Endpoint, admin: SigningIdentity, channel: str, block_number: int
) -> Flow[None]:
    """Cancel a request for a snapshot that the peer has not begun."""
    yield from _request(peer, admin, "Cancel", channel, block_number)


def pending_snapshots(
    peer: Endpoint, admin: SigningIdentity, channel: str
) -> Flow[tuple[int, ...]]:
    """Return the numbers of the blocks at which the peer will make a snapshot, sorted."""
    header = yield from _header(admin)
    query = snapshot_pb2.SnapshotQuery(signature_header=header, channel_id=channel)
    raw = yield from _call(peer, admin, "QueryPendings", query.SerializeToString())
    found = decode(snapshot_pb2.QueryPendingSnapshotsResponse, raw)
    return tuple(sorted(found.block_numbers))


def join_by_snapshot(peer: Endpoint, admin: SigningIdentity, folder: str) -> Flow[None]:
    """Request that the peer joins the channel of a snapshot, whose folder is on the peer's machine.

    The peer reads it after it has answered: `join_by_snapshot_status`.
    """
    yield from ask(peer, admin, "", "cscc", [b"JoinChainBySnapshot", folder.encode()])


def join_by_snapshot_status(peer: Endpoint, admin: SigningIdentity) -> Flow[JoinBySnapshotStatus]:
    """Return whether the peer is joining a channel by a snapshot."""
    raw = yield from ask(peer, admin, "", "cscc", [b"JoinBySnapshotStatus"])
    found = decode(query_pb2.JoinBySnapshotStatus, raw)
    return JoinBySnapshotStatus(found.in_progress, found.bootstrapping_snapshot_dir)


def _request(
    peer: Endpoint, admin: SigningIdentity, method: str, channel: str, block_number: int
) -> Flow[None]:
    header = yield from _header(admin)
    request = snapshot_pb2.SnapshotRequest(
        signature_header=header, channel_id=channel, block_number=block_number
    )
    yield from _call(peer, admin, method, request.SerializeToString())


def _header(admin: SigningIdentity) -> Flow[common_pb2.SignatureHeader]:
    unique = yield from nonce()
    return common_pb2.SignatureHeader(creator=admin.serialized(), nonce=unique)


def _call(peer: Endpoint, admin: SigningIdentity, method: str, request: bytes) -> Flow[bytes]:
    signature = yield from sign(admin, request)
    signed = snapshot_pb2.SignedSnapshotRequest(request=request, signature=signature)
    try:
        return (
            yield from call(Unary(peer, f"{_SERVICE}/{method}", signed.SerializeToString(), bytes))
        )
    except GatewayError as error:
        if error.code is StatusCode.UNIMPLEMENTED:
            raise PeerResponseError(
                "this peer makes no snapshots of channels: the development ledger keeps those of whole networks "
                "(`pyfabric network snapshot`)",
                status=_NOT_OFFERED,
                address=peer.address,
            ) from error
        if error.code is StatusCode.UNKNOWN:  # what Fabric's service refuses, by its own text
            raise PeerResponseError(error.message, status=_REFUSED, address=peer.address) from error
        raise
