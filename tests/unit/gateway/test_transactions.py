"""Transactions through both surfaces against real gRPC servers: steps, failures, failover."""

import threading
import time
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives import hashes
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import chaincode_pb2, proposal_pb2

from pyfabric.client.effects import Endpoint
from pyfabric.client.timeouts import COMMIT_STATUS, ENDORSE, EVALUATE, SUBMIT, Timeouts
from pyfabric.errors import (
    CommitError,
    CommitStatusError,
    DecodeError,
    EndorseError,
    ErrorDetail,
    GatewayError,
    StatusCode,
    SubmitError,
    ValidationCode,
)
from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.keys import verify_signature
from pyfabric.identity.signing import SigningIdentity
from tests.support.client.gateway_server import (
    ScriptedPeer,
    answer,
    endorse,
    evaluated,
    fail,
    status,
)
from tests.support.client.surfaces import Surface

Peers = Callable[..., ScriptedPeer]
GONE = fail(grpc.StatusCode.UNAVAILABLE, "gone")


def accept(peer: ScriptedPeer, *, code: int = 0, block: int = 7) -> None:
    """Set the peer to accept any transaction."""
    peer.on(ENDORSE, endorse(b"result"))
    peer.on(SUBMIT, answer(b""))
    peer.on(COMMIT_STATUS, answer(status(code, block)))


def test_evaluate_sends_arguments_transient_data_and_organizations_as_given(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(EVALUATE, answer(evaluated(b"\xff\x00 answer")))
    with surface.connect(identity, peer.endpoint) as gateway:
        contract = gateway.network("directory").contract("city", "Directory")
        result = contract.evaluate(
            "find",
            "地籍",
            b"\xff\xfe",
            transient={"price": "秘密", "raw": b"\x80"},
            endorsing_organizations=["HaidianMSP"],
        )
    assert result == b"\xff\x00 answer"
    (raw,) = peer.requests[EVALUATE]
    request = gateway_pb2.EvaluateRequest.FromString(raw)
    assert (request.channel_id, list(request.target_organizations)) == ("directory", ["HaidianMSP"])
    proposal = proposal_pb2.Proposal.FromString(request.proposed_transaction.proposal_bytes)
    payload = proposal_pb2.ChaincodeProposalPayload.FromString(proposal.payload)
    spec = chaincode_pb2.ChaincodeInvocationSpec.FromString(payload.input).chaincode_spec
    assert spec.chaincode_id.name == "city"
    assert list(spec.input.args) == [b"Directory:find", "地籍".encode(), b"\xff\xfe"]
    assert dict(payload.TransientMap) == {"price": "秘密".encode(), "raw": b"\x80"}
    signed = request.proposed_transaction
    key = load_certificate(identity.identity.certificate).public_key()
    assert verify_signature(key, signed.proposal_bytes, signed.signature)


def test_submit_returns_the_result_of_a_committed_transaction(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    accept(peer)
    with surface.connect(identity, peer.endpoint) as gateway:
        assert gateway.network("directory").contract("city").submit("publish", "a") == b"result"
    submitted = gateway_pb2.SubmitRequest.FromString(peer.requests[SUBMIT][0])
    asked = gateway_pb2.SignedCommitStatusRequest.FromString(peer.requests[COMMIT_STATUS][0])
    question = gateway_pb2.CommitStatusRequest.FromString(asked.request)
    assert question.transaction_id == submitted.transaction_id
    assert question.identity == identity.serialized()
    key = load_certificate(identity.identity.certificate).public_key()
    envelope = submitted.prepared_transaction
    assert verify_signature(key, envelope.payload, envelope.signature)
    assert verify_signature(key, asked.request, asked.signature)


def test_an_invalid_transaction_is_an_error_of_submit_and_an_answer_of_status(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    accept(peer, code=11, block=9)
    with surface.connect(identity, peer.endpoint) as gateway:
        contract = gateway.network("directory").contract("city")
        with pytest.raises(CommitError) as caught:
            contract.submit("publish")
        submitted = contract.submit_async("publish")
        outcome = submitted.status()
    assert caught.value.code is ValidationCode.MVCC_READ_CONFLICT
    assert caught.value.block_number == 9
    assert caught.value.transaction_id in str(caught.value)
    assert (outcome.code, outcome.block_number) == (ValidationCode.MVCC_READ_CONFLICT, 9)
    assert not outcome.successful
    assert outcome.transaction_id == submitted.transaction_id
    assert submitted.result == b"result"


@pytest.mark.parametrize(
    ("method", "kind"),
    [(ENDORSE, EndorseError), (SUBMIT, SubmitError), (COMMIT_STATUS, CommitStatusError)],
)
def test_each_stage_has_its_error_with_code_details_and_transaction(
    surface: Surface,
    peer: ScriptedPeer,
    identity: SigningIdentity,
    method: str,
    kind: type[GatewayError],
) -> None:
    accept(peer)
    said = [
        ErrorDetail("127.0.0.1:7051", "EconInfoMSP", "chaincode response 500, boom"),
        ErrorDetail("127.0.0.1:8051", "MktSupMSP", "ProposalResponsePayloads do not match"),
    ]
    peer.on(method, fail(grpc.StatusCode.ABORTED, "failed, see details", said))
    with surface.connect(identity, peer.endpoint) as gateway, pytest.raises(kind) as caught:
        gateway.network("directory").contract("city").submit("publish")
    error = caught.value
    assert (error.code, error.message, error.details) == (
        StatusCode.ABORTED,
        "failed, see details",
        tuple(said),
    )
    proposed = gateway_pb2.EndorseRequest.FromString(peer.requests[ENDORSE][0])
    assert error.transaction_id == proposed.transaction_id
    assert isinstance(error.__cause__, GatewayError)
    assert str(error) == (
        "boom [127.0.0.1:7051 (EconInfoMSP): chaincode response 500]; "
        "ProposalResponsePayloads do not match [127.0.0.1:8051 (MktSupMSP)] (ABORTED: failed, see details)"
    )


def test_an_error_is_one_line_whatever_the_contract_says(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    said = ErrorDetail("127.0.0.1:7051", "EconInfoMSP", "first\nsecond")
    peer.on(EVALUATE, fail(grpc.StatusCode.UNKNOWN, "boom\r\nbang", [said]))
    with surface.connect(identity, peer.endpoint) as gateway, pytest.raises(GatewayError) as caught:
        gateway.network("directory").contract("city").evaluate("find")
    assert str(caught.value) == ("first second [127.0.0.1:7051 (EconInfoMSP)] (UNKNOWN: boom bang)")
    assert caught.value.details == (said,)


def test_details_of_fourteen_peers_in_chinese_arrive_whole(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    long_text = "该共享申请缺少法定依据。" * 56
    assert len(long_text.encode()) > 2000
    said = tuple(ErrorDetail(f"peer{n}:7051", f"Org{n}MSP", long_text) for n in range(14))
    peer.on(EVALUATE, fail(grpc.StatusCode.ABORTED, "全部拒绝", said))
    with surface.connect(identity, peer.endpoint) as gateway:
        for _ in range(5):
            with pytest.raises(GatewayError) as caught:
                gateway.network("directory").contract("city").evaluate("find")
            assert (caught.value.code, caught.value.message) == (StatusCode.ABORTED, "全部拒绝")
            assert caught.value.details == said


def test_a_large_answer_arrives(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(EVALUATE, answer(evaluated(bytes(5 * 1024 * 1024))))
    with surface.connect(identity, peer.endpoint) as gateway:
        assert len(gateway.network("c").contract("city").evaluate("big")) == 5 * 1024 * 1024


def test_evaluate_and_endorse_go_on_at_the_next_peer_and_later_steps_stay_there(
    surface: Surface, new_peer: Peers, identity: SigningIdentity
) -> None:
    first, second = new_peer(), new_peer()
    accept(second)
    second.on(EVALUATE, answer(evaluated(b"second")))
    first.on(EVALUATE, GONE)
    first.on(ENDORSE, GONE)
    with surface.connect(identity, [first.endpoint, second.endpoint]) as gateway:
        contract = gateway.network("directory").contract("city")
        assert contract.evaluate("find") == b"second"
        assert contract.submit("publish") == b"result"
        prepared = contract.new_proposal("publish").endorse()
        assert prepared.submit().status().successful
    assert len(first.requests[EVALUATE]) == 1
    assert not first.requests[ENDORSE]  # it did not answer before: it is asked last
    assert not first.requests[SUBMIT]
    assert len(second.requests[SUBMIT]) == 2
    with surface.connect(identity, [first.endpoint, second.endpoint]) as gateway:
        contract = gateway.network("directory").contract("city")
        assert contract.submit("publish") == b"result"
    assert first.requests[ENDORSE] == second.requests[ENDORSE][2:]


def test_other_failures_do_not_move_on(
    surface: Surface, new_peer: Peers, identity: SigningIdentity
) -> None:
    first, second = new_peer(), new_peer()
    first.on(EVALUATE, fail(grpc.StatusCode.UNKNOWN, "boom"))
    with (
        surface.connect(identity, [first.endpoint, second.endpoint]) as gateway,
        pytest.raises(GatewayError, match="UNKNOWN: boom"),
    ):
        gateway.network("directory").contract("city").evaluate("find")
    assert not second.requests


def test_when_no_peer_is_there_the_last_error_stands(
    surface: Surface, new_peer: Peers, identity: SigningIdentity
) -> None:
    peers = [new_peer(), new_peer()]
    for peer in peers:
        peer.on(ENDORSE, GONE)
    with (
        surface.connect(identity, [peer.endpoint for peer in peers]) as gateway,
        pytest.raises(EndorseError) as caught,
    ):
        gateway.network("directory").contract("city").submit("publish")
    assert caught.value.code is StatusCode.UNAVAILABLE


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED])
def test_a_lost_answer_to_submit_is_decided_at_another_peer_and_nothing_is_sent_twice(
    surface: Surface, new_peer: Peers, identity: SigningIdentity, code: grpc.StatusCode
) -> None:
    first, second = new_peer(), new_peer()
    accept(first)
    first.on(SUBMIT, fail(code, "lost"))
    accept(second, block=12)

    def submit(method: str = "submit") -> Any:
        # A gateway that asked before would ask the second peer first.
        with surface.connect(identity, [first.endpoint, second.endpoint]) as gateway:
            contract = gateway.network("directory").contract("city")
            done = getattr(contract, method)("publish")
            return done if method == "submit" else done.status()

    assert submit() == b"result"
    assert submit("submit_async").block_number == 12
    second.on(COMMIT_STATUS, answer(status(10, 13)))
    with pytest.raises(CommitError) as invalid:
        submit()
    second.on(COMMIT_STATUS, fail(grpc.StatusCode.DATA_LOSS, "never seen"))
    with pytest.raises(SubmitError) as unknown:
        submit()
    assert invalid.value.code is ValidationCode.ENDORSEMENT_POLICY_FAILURE
    assert unknown.value.message == "lost"
    assert len(first.requests[SUBMIT]) == 4
    assert not first.requests[COMMIT_STATUS]
    assert not second.requests[SUBMIT]


def test_an_orderers_refusal_is_no_lost_answer(
    surface: Surface, new_peer: Peers, identity: SigningIdentity
) -> None:
    first, second = new_peer(), new_peer()
    accept(first)
    down = ErrorDetail("127.0.0.1:7050", "EconInfoMSP", "connection refused")
    first.on(SUBMIT, fail(grpc.StatusCode.UNAVAILABLE, "no orderers could …", [down]))
    with (
        surface.connect(identity, [first.endpoint, second.endpoint]) as gateway,
        pytest.raises(SubmitError) as caught,
    ):
        gateway.network("directory").contract("city").submit("publish")
    assert caught.value.details == (down,)
    assert not second.requests


@pytest.mark.parametrize("known", ["request already processed", "request already exists"])
def test_a_transaction_that_bft_orderers_have_already_was_taken(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity, known: str
) -> None:
    accept(peer)
    said = f"received unsuccessful response from orderer: status=SERVICE_UNAVAILABLE, info=failed to submit request: {known}"
    refused = [ErrorDetail(f"127.0.0.1:{port}", "TaxMSP", said) for port in (7050, 7051)]
    peer.on(SUBMIT, fail(grpc.StatusCode.UNAVAILABLE, "insufficient number of orderers …", refused))
    with surface.connect(identity, peer.endpoint) as gateway:
        assert gateway.network("directory").contract("city").submit("publish") == b"result"
    assert len(peer.requests[SUBMIT]) == 1
    assert len(peer.requests[COMMIT_STATUS]) == 1


def test_commit_status_goes_on_at_the_next_peer(
    surface: Surface, new_peer: Peers, identity: SigningIdentity
) -> None:
    first, second = new_peer(), new_peer()
    accept(first)
    first.on(COMMIT_STATUS, GONE)
    accept(second, block=5)
    with surface.connect(identity, [first.endpoint, second.endpoint]) as gateway:
        submitted = gateway.network("directory").contract("city").submit_async("publish")
        assert submitted.status().block_number == 5


@pytest.mark.parametrize("method", [EVALUATE, ENDORSE, COMMIT_STATUS])
def test_an_unreadable_answer_is_a_decode_error(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity, method: str
) -> None:
    accept(peer)
    peer.on(method, answer(b"\xff\xff\xff"))
    with surface.connect(identity, peer.endpoint) as gateway:
        contract = gateway.network("directory").contract("city")
        call = contract.evaluate if method == EVALUATE else contract.submit
        with pytest.raises(DecodeError):
            call("publish")


def test_deadlines_are_those_of_the_gateway_or_of_the_call(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    left: list[float] = []

    def note(raw: bytes, context: grpc.ServicerContext) -> bytes:
        left.append(context.time_remaining())
        return evaluated(b"")

    peer.on(EVALUATE, note)
    with surface.connect(identity, peer.endpoint, timeouts=Timeouts(evaluate=1000.0)) as gateway:
        contract = gateway.network("directory").contract("city")
        contract.evaluate("find")
        contract.evaluate("find", timeout=2000.0)
        contract.new_proposal("find").evaluate(timeout=3000.0)
    assert [round(seconds, -2) for seconds in left] == [1000, 2000, 3000]
    assert Timeouts() == Timeouts(evaluate=5, endorse=15, submit=5, commit_status=60)


def test_a_passed_deadline_is_an_error_with_its_code(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    given_up = threading.Event()

    def wait(_: bytes, context: grpc.ServicerContext) -> bytes:
        if context.add_callback(given_up.set):
            given_up.wait(30)
        return b""

    peer.on(EVALUATE, wait)
    with surface.connect(identity, peer.endpoint) as gateway, pytest.raises(GatewayError) as caught:
        gateway.network("directory").contract("city").evaluate("sleep", timeout=0.2)
    assert caught.value.code is StatusCode.DEADLINE_EXCEEDED


def test_a_peer_that_sees_the_deadline_first_does_not_change_the_code(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    def hurry(_: bytes, context: grpc.ServicerContext) -> bytes:
        while context.time_remaining() > 0.02:
            time.sleep(context.time_remaining() - 0.02)
        context.abort(grpc.StatusCode.CANCELLED, "Stream removed")

    def stop(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(grpc.StatusCode.CANCELLED, "not now")

    peer.on(EVALUATE, hurry, stop)
    with surface.connect(identity, peer.endpoint) as gateway:
        contract = gateway.network("directory").contract("city")
        with pytest.raises(GatewayError) as passed:
            contract.evaluate("sleep", timeout=0.3)
        with pytest.raises(GatewayError) as cancelled:
            contract.evaluate("sleep")
    assert passed.value.code is StatusCode.DEADLINE_EXCEEDED
    assert cancelled.value.code is StatusCode.CANCELLED


def test_mutual_tls_puts_the_certificates_hash_into_the_header(
    surface: Surface, new_peer: Peers, identity: SigningIdentity
) -> None:
    peer = new_peer(mutual=True)
    peer.on(EVALUATE, answer(evaluated(b"ok")))
    with surface.connect(identity, peer.endpoint) as gateway:
        assert gateway.network("directory").contract("city").evaluate("find") == b"ok"
    plain = Endpoint(peer.endpoint.address, peer.endpoint.tls_roots)
    with surface.connect(identity, plain) as gateway, pytest.raises(GatewayError) as caught:
        gateway.network("directory").contract("city").evaluate("find")
    assert caught.value.code is StatusCode.UNAVAILABLE
    request = gateway_pb2.EvaluateRequest.FromString(peer.requests[EVALUATE][0])
    proposal = proposal_pb2.Proposal.FromString(request.proposed_transaction.proposal_bytes)
    header = common_pb2.Header.FromString(proposal.header)
    channel_header = common_pb2.ChannelHeader.FromString(header.channel_header)
    certificate = load_certificate(peer.endpoint.client_certificate or b"")
    assert channel_header.tls_cert_hash == certificate.fingerprint(hashes.SHA256())
