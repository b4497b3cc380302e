"""Snapshots of a peer's channels, with a scripted peer."""

from typing import Any

import grpc
import pytest
from fabric_protos.common import ledger_pb2
from fabric_protos.peer import query_pb2, snapshot_pb2
from google.protobuf.empty_pb2 import Empty

from pyfabric.admin import JoinBySnapshotStatus
from pyfabric.client.transactions import PROCESS_PROPOSAL
from pyfabric.errors import GatewayError, PeerResponseError
from pyfabric.identity.keys import check_signature
from pyfabric.identity.parsing import read_pem
from pyfabric.identity.signing import SigningIdentity
from tests.support.client.gateway_server import SNAPSHOTS, ScriptedPeer, answer, fail
from tests.unit.admin.test_admin_surfaces import asked, says

GENERATE, CANCEL, PENDING = SNAPSHOTS


def sent(peer: ScriptedPeer, method: str) -> snapshot_pb2.SignedSnapshotRequest:
    return snapshot_pb2.SignedSnapshotRequest.FromString(peer.requests[method][-1])


@pytest.mark.parametrize(("method", "name"), [(GENERATE, "request"), (CANCEL, "cancel")])
def test_requests_name_the_block_and_their_signer(
    admin: Any, peer: ScriptedPeer, method: str, name: str, admin_identity: SigningIdentity
) -> None:
    peer.on(method, answer(Empty().SerializeToString()), answer(Empty().SerializeToString()))
    call = getattr(admin, f"{name}_snapshot")
    call(peer.endpoint, "records", 12)
    call(peer.endpoint, "records", 12)
    nonces = set()
    for raw in peer.requests[method]:
        signed = snapshot_pb2.SignedSnapshotRequest.FromString(raw)
        request = snapshot_pb2.SnapshotRequest.FromString(signed.request)
        assert (request.channel_id, request.block_number) == ("records", 12)
        assert request.signature_header.creator == admin_identity.serialized()
        certificate = read_pem(admin_identity.identity.certificate)
        assert certificate is not None
        check_signature(certificate.public_key, signed.request, signed.signature)
        nonces.add(request.signature_header.nonce)
    assert len(nonces) == 2
    assert {len(one) for one in nonces} == {24}


def test_the_newest_block_is_the_default(admin: Any, peer: ScriptedPeer) -> None:
    peer.on(GENERATE, answer(Empty().SerializeToString()))
    admin.request_snapshot(peer.endpoint, "records")
    request = snapshot_pb2.SnapshotRequest.FromString(sent(peer, GENERATE).request)
    assert request.block_number == 0


def test_pending_requests_are_sorted(admin: Any, peer: ScriptedPeer) -> None:
    found = snapshot_pb2.QueryPendingSnapshotsResponse(block_numbers=[30, 7])
    peer.on(PENDING, answer(found.SerializeToString()))
    assert admin.pending_snapshots(peer.endpoint, "records") == (7, 30)
    query = snapshot_pb2.SnapshotQuery.FromString(sent(peer, PENDING).request)
    assert query.channel_id == "records"


def test_refusals_have_the_peers_text(admin: Any, peer: ScriptedPeer) -> None:
    peer.on(CANCEL, fail(grpc.StatusCode.UNKNOWN, "no snapshot request exists for block number 9"))
    with pytest.raises(PeerResponseError, match="500: no snapshot request exists") as refusal:
        admin.cancel_snapshot(peer.endpoint, "records", 9)
    assert refusal.value.address == peer.endpoint.address
    peer.on(PENDING, fail(grpc.StatusCode.UNIMPLEMENTED, "unknown service protos.Snapshot"))
    with pytest.raises(PeerResponseError, match="makes no snapshots of channels") as refusal:
        admin.pending_snapshots(peer.endpoint, "records")
    assert refusal.value.status == 501
    peer.on(PENDING, fail(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many requests"))
    with pytest.raises(GatewayError, match="too many requests"):
        admin.pending_snapshots(peer.endpoint, "records")


def test_joining_by_a_snapshot(admin: Any, peer: ScriptedPeer) -> None:
    status = query_pb2.JoinBySnapshotStatus(in_progress=True, bootstrapping_snapshot_dir="/s/5")
    peer.on(PROCESS_PROPOSAL, says(), says(status), says(code=500, message="no such directory"))
    admin.join_by_snapshot(peer.endpoint, "/s/5")
    assert asked(peer) == ("", "cscc", [b"JoinChainBySnapshot", b"/s/5"])
    assert admin.join_by_snapshot_status(peer.endpoint) == JoinBySnapshotStatus(True, "/s/5")
    assert asked(peer) == ("", "cscc", [b"JoinBySnapshotStatus"])
    with pytest.raises(PeerResponseError, match="no such directory"):
        admin.join_by_snapshot(peer.endpoint, "/s/6")


def test_a_peer_that_joined_by_a_snapshot_has_no_earlier_blocks(
    admin: Any, peer: ScriptedPeer
) -> None:
    info = ledger_pb2.BlockchainInfo(
        height=9,
        bootstrappingSnapshotInfo=ledger_pb2.BootstrappingSnapshotInfo(lastBlockInSnapshot=5),
    )
    peer.on(PROCESS_PROPOSAL, says(info), says(b"a configuration"))
    assert admin.chain_info(peer.endpoint, "records").start == 6
    assert admin.channel_config(peer.endpoint, "records") == b"a configuration"
    assert asked(peer) == ("records", "cscc", [b"GetChannelConfig", b"records"])
