"""Invalid proposals, and decoding random ones."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.msp import identities_pb2
from fabric_protos.peer import chaincode_pb2, proposal_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.rules.proposals import (
    Proposal,
    ProposalError,
    UnreadableError,
    check_filters,
    check_for_evaluation,
    check_headers,
    check_shape,
    expires_at,
    read_proposal,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def proposal(
    header: common_pb2.ChannelHeader | None = None,
    invocation: chaincode_pb2.ChaincodeInvocationSpec | None = None,
) -> Proposal:
    payload = proposal_pb2.ChaincodeProposalPayload(
        input=(invocation or chaincode_pb2.ChaincodeInvocationSpec()).SerializeToString()
    )
    outer = common_pb2.Header(
        channel_header=(header or common_pb2.ChannelHeader()).SerializeToString()
    )
    raw = proposal_pb2.Proposal(
        header=outer.SerializeToString(), payload=payload.SerializeToString()
    )
    return read_proposal(proposal_pb2.SignedProposal(proposal_bytes=raw.SerializeToString()))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for parts in (
        proposal_pb2.SignedProposal(proposal_bytes=raw),
        proposal_pb2.SignedProposal(
            proposal_bytes=proposal_pb2.Proposal(header=raw, payload=raw).SerializeToString()
        ),
    ):
        try:
            read = read_proposal(parts)
        except UnreadableError:
            continue
        for check in (check_shape, check_headers, check_for_evaluation):
            with pytest.raises(ProposalError):
                check(read)


def test_the_text_for_what_cannot_be_read() -> None:
    with pytest.raises(UnreadableError) as caught:
        read_proposal(proposal_pb2.SignedProposal(proposal_bytes=b"\xff"))
    assert caught.value.message == (
        "error unmarshalling Proposal: proto: cannot parse invalid wire-format data"
    )


def test_what_a_header_must_name() -> None:
    bare = proposal()
    with pytest.raises(ProposalError, match=r"\.ChaincodeId is nil"):
        check_shape(bare)
    extension = proposal_pb2.ChaincodeHeaderExtension()
    extension.chaincode_id.SetInParent()
    header = common_pb2.ChannelHeader(extension=extension.SerializeToString())
    with pytest.raises(ProposalError, match=r"\.ChaincodeId\.Name is empty"):
        check_shape(proposal(header))
    extension.chaincode_id.name = "cc"
    header.extension = extension.SerializeToString()
    with pytest.raises(ProposalError, match="did not contain chaincode spec"):
        check_shape(proposal(header))
    invocation = chaincode_pb2.ChaincodeInvocationSpec()
    invocation.chaincode_spec.SetInParent()
    with pytest.raises(ProposalError, match="did not contain any input"):
        check_shape(proposal(header, invocation))
    invocation.chaincode_spec.input.SetInParent()
    assert check_shape(proposal(header, invocation)) == "cc"


def test_what_evaluation_asks_for() -> None:
    header = common_pb2.ChannelHeader(channel_id="ch")
    with pytest.raises(ProposalError, match=r"no chaincode spec is provided, channel id \[ch\]"):
        check_for_evaluation(proposal(header))
    invocation = chaincode_pb2.ChaincodeInvocationSpec()
    invocation.chaincode_spec.SetInParent()
    with pytest.raises(ProposalError, match=r"no chaincode id is provided, channel id \[ch\]"):
        check_for_evaluation(proposal(header, invocation))


def test_times_beyond_any_calendar() -> None:
    header = common_pb2.ChannelHeader()
    header.timestamp.seconds = 2**62
    with pytest.raises(
        ProposalError, match="incorrect timestamp 4611686018427387904 seconds after"
    ):
        check_filters(proposal(header), NOW)


@given(st.timedeltas(timedelta(minutes=-20), timedelta(minutes=20)))
def test_the_window_is_fifteen_minutes(distance: timedelta) -> None:
    header = common_pb2.ChannelHeader()
    header.timestamp.FromDatetime((NOW + distance).replace(tzinfo=None))
    if abs(distance) <= timedelta(minutes=15):
        check_filters(proposal(header), NOW)
    else:
        with pytest.raises(ProposalError, match="request unauthorized"):
            check_filters(proposal(header), NOW)


def test_a_creator_that_is_no_certificate_never_expires() -> None:
    assert expires_at(b"\xff") is None
    assert expires_at(b"") is None


def signed(signature_header: bytes, **fields: object) -> Proposal:
    """Return a proposal with these bytes as its signature header."""
    outer = common_pb2.Header(
        channel_header=common_pb2.ChannelHeader(**fields).SerializeToString(),
        signature_header=signature_header,
    )
    raw = proposal_pb2.Proposal(header=outer.SerializeToString()).SerializeToString()
    return read_proposal(proposal_pb2.SignedProposal(proposal_bytes=raw))


def test_an_unreadable_signature_header_is_noticed_by_the_filters_alone() -> None:
    read = signed(b"\xff")
    assert read.creator == b""
    with pytest.raises(
        ProposalError,
        match="failed parsing signature header: error unmarshalling SignatureHeader: proto: ",
    ):
        check_filters(read, NOW)


def test_the_organisation_that_a_creator_claims() -> None:
    creator = identities_pb2.SerializedIdentity(mspid="Land").SerializeToString()
    for raw, expected in ((creator, "Land"), (b"\xff", "")):
        header = common_pb2.SignatureHeader(creator=raw).SerializeToString()
        assert signed(header).creator_msp_id == expected


CREATOR = common_pb2.SignatureHeader(nonce=b"n", creator=b"c")
RIGHT = sha256(b"nc").hexdigest()


@pytest.mark.parametrize(
    ("header", "fields", "text"),
    [
        (CREATOR, {"type": 2}, "invalid header type CONFIG_UPDATE"),
        (CREATOR, {"type": 99}, "invalid header type 99"),
        (CREATOR, {"type": 3, "epoch": 1}, "epoch is non-zero"),
        (common_pb2.SignatureHeader(creator=b"c"), {"type": 3}, "nonce is empty"),
        (common_pb2.SignatureHeader(nonce=b"n"), {"type": 3}, "creator is empty"),
        (
            CREATOR,
            {"type": 3, "tx_id": "x"},
            f"incorrectly computed txid 'x' -- expected '{RIGHT}'",
        ),
        (CREATOR, {"type": 3, "tx_id": RIGHT}, "empty signature bytes"),
    ],
)
def test_what_headers_must_say(
    header: common_pb2.SignatureHeader, fields: dict[str, object], text: str
) -> None:
    with pytest.raises(ProposalError) as caught:
        check_headers(signed(header.SerializeToString(), **fields))
    assert caught.value.message == text
