"""Flows with results from the test: what is signed before what is sent, retries, event sources."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2
from fabric_protos.peer import proposal_response_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.client import effects
from pyfabric.client.chain import next_block
from pyfabric.client.effects import Endpoint, Flow, Nonce, Now, Sign, Sleep, Unary
from pyfabric.client.envelopes import seek_envelope, signed_envelope, tls_certificate_hash
from pyfabric.client.event_requests import CHAINCODE_EVENTS
from pyfabric.client.event_source import ChaincodeCursor, EventSource
from pyfabric.client.peers import Peers
from pyfabric.client.retry import Retry, retrying
from pyfabric.client.steps import commit_status
from pyfabric.client.transactions import process_proposal, submit
from pyfabric.errors import (
    ClientError,
    CommitError,
    CommitStatusError,
    DecodeError,
    EndorseError,
    ErrorDetail,
    FabricError,
    GatewayError,
    IdentityError,
    NotSentError,
    StatusCode,
    SubmitError,
    ValidationCode,
)
from pyfabric.messages.deliver import is_status, read_broadcast
from pyfabric.messages.digests import signing_digest
from pyfabric.messages.envelopes import SeekStart, transaction_id
from pyfabric.messages.prepared import CommitStatusRequest
from tests.support.client.flows import play
from tests.support.client.gateway_server import (
    chaincode_events,
    endorsement,
    new_identity,
    status,
)

IDENTITY = new_identity()
PEERS = (Endpoint("a:7051", b"roots"), Endpoint("b:7051", b"roots"))
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
UNAVAILABLE = GatewayError("gone", code=StatusCode.UNAVAILABLE)
BASIC = {Nonce: lambda _: b"n" * 24, Now: lambda _: NOON, Sign: lambda _: b"signature"}


def test_everything_is_signed_before_anything_is_sent_to_the_orderer() -> None:
    order: list[str] = []

    def call(rpc: Unary[bytes]) -> object:
        name = rpc.method.rpartition("/")[2]
        order.append(name)
        answers = {
            "Endorse": lambda: endorsement(rpc.request, b"result"),
            "Submit": lambda: b"",
            "CommitStatus": lambda: status(0, 4),
        }
        return rpc.parse(answers[name]())

    def sign(_: Sign) -> bytes:
        order.append("sign")
        return b"signature"

    result = play(
        submit(PEERS, IDENTITY, "directory", "city", [b"publish"]),
        {**BASIC, Sign: sign, Unary: call},
    )
    assert (result.result, result.block_number) == (b"result", 4)
    assert order == ["sign", "Endorse", "sign", "sign", "Submit", "CommitStatus"]


def test_a_signer_that_fails_before_submit_leaves_nothing_sent() -> None:
    signatures = iter([b"proposal", b"status"])

    def sign(_: Sign) -> object:
        return next(signatures, None) or IdentityError("the HSM is gone")

    def call(rpc: Unary[bytes]) -> object:
        assert rpc.method.endswith("Endorse")
        return rpc.parse(endorsement(rpc.request, b"result"))

    with pytest.raises(IdentityError, match="HSM"):
        play(
            submit(PEERS, IDENTITY, "directory", "city", [b"publish"]),
            {**BASIC, Sign: sign, Unary: call},
        )


def test_a_proposal_to_one_peer_may_have_no_channel_and_any_answer() -> None:
    response = proposal_response_pb2.ProposalResponse(
        response=proposal_response_pb2.Response(status=500, message="boom", payload=b"p")
    ).SerializeToString()
    answer = play(
        process_proposal(PEERS[0], IDENTITY, "", "cscc", [b"GetChannels"]),
        {**BASIC, Unary: lambda rpc: rpc.parse(response)},
    )
    assert (answer.status, answer.message, answer.payload, answer.raw) == (
        500,
        "boom",
        b"p",
        response,
    )


def test_without_a_peer_nothing_is_called() -> None:
    flows: Sequence[Flow[object]] = [
        submit([], IDENTITY, "directory", "city", [b"publish"]),
    ]
    for flow in flows:
        with pytest.raises(ClientError, match="no peer to call"):
            play(flow, BASIC)
    assert play(next_block([], IDENTITY, "directory"), BASIC) == ("next", [])
    with pytest.raises(ClientError, match="no peer"):
        EventSource(CHAINCODE_EVENTS, ChaincodeCursor(IDENTITY.identity, "c", "d", 1), IDENTITY, [])


def test_envelopes_carry_a_fresh_nonce_and_its_transaction_id() -> None:
    raw = play(signed_envelope(IDENTITY, common_pb2.CONFIG_UPDATE, "directory", b"update"), BASIC)
    envelope = common_pb2.Envelope.FromString(raw)
    payload = common_pb2.Payload.FromString(envelope.payload)
    header = common_pb2.ChannelHeader.FromString(payload.header.channel_header)
    signature = common_pb2.SignatureHeader.FromString(payload.header.signature_header)
    assert envelope.signature == b"signature"
    assert (header.type, header.channel_id, payload.data) == (
        common_pb2.CONFIG_UPDATE,
        "directory",
        b"update",
    )
    assert signature.creator == IDENTITY.serialized()
    assert header.tx_id == transaction_id(signature.creator, signature.nonce)
    assert header.timestamp.ToDatetime(tzinfo=UTC) == NOON


@pytest.mark.parametrize(
    ("start", "stop", "wait"), [("oldest", "newest", False), (3, 7, True), ("next", 9, True)]
)
def test_seek_envelopes_say_where_to_start_and_stop(
    start: SeekStart, stop: SeekStart, wait: bool
) -> None:
    raw = play(seek_envelope(IDENTITY, "directory", start, stop, wait=wait), BASIC)
    payload = common_pb2.Payload.FromString(common_pb2.Envelope.FromString(raw).payload)
    info = ab_pb2.SeekInfo.FromString(payload.data)
    kinds = {"oldest": "oldest", "newest": "newest", "next": "next_commit"}
    assert info.start.WhichOneof("Type") == kinds.get(str(start), "specified")
    assert info.stop.WhichOneof("Type") == kinds.get(str(stop), "specified")
    assert (info.start.specified.number or start) == start
    assert (info.stop.specified.number or stop) == stop
    assert (info.behavior == ab_pb2.SeekInfo.BLOCK_UNTIL_READY) is wait


def test_a_certificate_that_is_none_is_an_identity_error() -> None:
    with pytest.raises(IdentityError, match="cannot be read"):
        signing_digest(b"junk", b"message")
    with pytest.raises(IdentityError, match="not PEM"):
        tls_certificate_hash(Endpoint("a:1", b"roots", client_certificate=b"junk"))


def test_answers_of_orderers_are_read() -> None:
    raw = ab_pb2.BroadcastResponse(status=403, info="no").SerializeToString()
    assert read_broadcast(raw) == (403, "no")
    assert is_status(ab_pb2.DeliverResponse(status=200).SerializeToString())
    assert not is_status(ab_pb2.DeliverResponse(block=common_pb2.Block()).SerializeToString())
    with pytest.raises(DecodeError):
        read_broadcast(b"\xff")


def errors() -> list[tuple[FabricError, bool]]:
    conflict, phantom, policy = (
        CommitError(transaction_id="t", code=code, block_number=1)
        for code in (
            ValidationCode.MVCC_READ_CONFLICT,
            ValidationCode.PHANTOM_READ_CONFLICT,
            ValidationCode.ENDORSEMENT_POLICY_FAILURE,
        )
    )
    unavailable = StatusCode.UNAVAILABLE
    return [
        (conflict, True),
        (phantom, True),
        (policy, False),
        (GatewayError("m", code=unavailable), True),
        (EndorseError("m", code=unavailable), True),
        (EndorseError("m", code=StatusCode.ABORTED), False),
        (SubmitError("m", code=unavailable), False),
        (CommitStatusError("m", code=unavailable), False),
        (ClientError("m"), False),
    ]


@pytest.mark.parametrize(("error", "again"), errors())
def test_only_what_is_safe_is_repeated(error: FabricError, again: bool) -> None:
    tries: list[int] = []

    def attempt() -> Flow[None]:
        tries.append(1)
        yield from ()
        raise error

    with pytest.raises(type(error)):
        play(retrying(Retry(attempts=4), attempt), {**BASIC, Sleep: lambda _: None})
    assert len(tries) == (4 if again else 1)


@given(
    attempts=st.integers(1, 12),
    first=st.floats(0.01, 1),
    longest=st.floats(1, 10),
    chance=st.binary(min_size=24, max_size=24),
)
def test_waits_grow_to_a_bound_and_differ_by_chance(
    attempts: int, first: float, longest: float, chance: bytes
) -> None:
    waits: list[float] = []

    def attempt() -> Flow[None]:
        yield from ()
        raise UNAVAILABLE

    with pytest.raises(GatewayError):
        play(
            retrying(Retry(attempts, first, longest), attempt),
            {Nonce: lambda _: chance, Sleep: lambda effect: waits.append(effect.seconds)},
        )
    assert len(waits) == attempts - 1
    for number, seconds in enumerate(waits):
        full = min(first * 2**number, longest)
        assert full / 2 <= seconds <= full


@given(st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=3), min_size=1, max_size=8))
def test_a_source_asks_behind_what_it_received(blocks: list[list[int]]) -> None:
    cursor = ChaincodeCursor(IDENTITY.identity, "directory", "city", 0)
    source = EventSource(CHAINCODE_EVENTS, cursor, IDENTITY, PEERS)
    for number, events in enumerate(blocks):
        ids = [f"{number}-{index}" for index in range(len(events))]
        received = source.receive(chaincode_events(number, *ids))
        assert [event.transaction_id for event in received] == ids
        assert (cursor.start, cursor.after_transaction_id) == (number, ids[-1])


def test_a_lost_source_turns_to_the_next_peer_and_waits_after_each_round() -> None:
    cursor = ChaincodeCursor(IDENTITY.identity, "directory", "city", 0)
    source = EventSource(CHAINCODE_EVENTS, cursor, IDENTITY, PEERS)
    source.receive(chaincode_events(1, "t"))
    turns = [(source.endpoint.address, source.retry_after(UNAVAILABLE)) for _ in range(14)]
    assert [address for address, _ in turns] == ["a:7051", "b:7051"] * 7
    assert [delay for _, delay in turns[:8]] == [0.0, 0.2, 0.2, 0.4, 0.4, 0.8, 0.8, 1.6]
    assert turns[-1][1] == 5.0
    source.receive(chaincode_events(2, "t"))
    assert source.retry_after(UNAVAILABLE) == 0.0
    with pytest.raises(GatewayError, match="ABORTED"):
        source.retry_after(GatewayError("m", code=StatusCode.ABORTED))


def test_results_that_differ_are_a_lost_race_and_repeated() -> None:
    detail = ErrorDetail("a:7051", "TaxMSP", "ProposalResponsePayloads do not match")
    other = ErrorDetail("a:7051", "TaxMSP", "chaincode response 500, no")
    text = "failed to collect enough transaction endorsements, see attached details for more info"

    def ended(kind: type[GatewayError], *details: ErrorDetail) -> GatewayError:
        return kind(text, code=StatusCode.ABORTED, details=details, transaction_id="t")

    assert Retry().applies_to(ended(EndorseError, other, detail))
    assert not Retry().applies_to(ended(EndorseError, other))
    assert not Retry().applies_to(ended(SubmitError, detail))


def test_a_peer_that_does_not_answer_is_asked_last() -> None:
    peers = Peers(PEERS)
    late = GatewayError("late", code=StatusCode.DEADLINE_EXCEEDED)

    def asking(endpoint: Endpoint) -> Flow[object]:
        return peers.watch(effects.call(Unary(endpoint, "m", b"", bytes)))

    for error in (GatewayError("no", code=StatusCode.ABORTED), IdentityError("no")):
        with pytest.raises(type(error)):
            play(asking(PEERS[0]), {Unary: lambda _, error=error: error})
        assert peers.order == PEERS
    assert play(asking(PEERS[0]), {Unary: lambda _: b"yes"}) == b"yes"
    with pytest.raises(GatewayError, match="late"):
        play(asking(PEERS[0]), {Unary: lambda _: late})
    assert peers.order == PEERS[::-1]
    with pytest.raises(GatewayError, match="late"):
        play(asking(Endpoint("other:1", b"")), {Unary: lambda _: late})
    assert peers.order == PEERS[::-1]
    with pytest.raises(ClientError, match="at least one peer"):
        Peers([])


@pytest.mark.parametrize("step", ["Endorse", "Submit"])
def test_what_was_not_sent_keeps_its_own_error(step: str) -> None:
    def call(rpc: Unary[bytes]) -> object:
        if rpc.method.endswith(step):
            return NotSentError("all places are taken", code=StatusCode.RESOURCE_EXHAUSTED)
        return rpc.parse(endorsement(rpc.request, b"result"))

    with pytest.raises(NotSentError, match="all places are taken"):
        play(submit(PEERS, IDENTITY, "directory", "city", [b"f"]), {**BASIC, Unary: call})


def test_an_outcome_is_asked_of_some_peer() -> None:
    request = CommitStatusRequest.new(b"creator", "directory", "t").signed(b"signature")
    with pytest.raises(ClientError, match="no peer to call"):
        play(commit_status([], IDENTITY, request), BASIC)
