"""Defects that fuzzing found: one test for each kind."""

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_shim_pb2 as shim
from fabric_protos.peer import proposal_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from pyfabric.admin.inspection import describe_transaction
from pyfabric.chaincode import requests
from pyfabric.chaincode.invocation import Invocation
from pyfabric.errors import ContractError, DecodeError, IdentityError
from pyfabric.identity import pem
from pyfabric.identity.certificates import load_certificate
from pyfabric.rules.state.rwset import decode_metadata
from tests.support.rules import history

NEVER = [Timestamp(seconds=2**63 - 1), Timestamp(seconds=-(2**63)), Timestamp(seconds=10**12)]


def header(stamp: Timestamp) -> common_pb2.Header:
    channel = common_pb2.ChannelHeader(timestamp=stamp)
    return common_pb2.Header(channel_header=channel.SerializeToString())


@pytest.mark.parametrize("stamp", NEVER, ids=["last", "first", "far"])
def test_times_that_no_calendar_has(stamp: Timestamp) -> None:
    payload = common_pb2.Payload(header=header(stamp))
    envelope = common_pb2.Envelope(payload=payload.SerializeToString())
    assert describe_transaction(envelope.SerializeToString()).timestamp is None
    proposal = proposal_pb2.Proposal(header=header(stamp).SerializeToString())
    signed = proposal_pb2.SignedProposal(proposal_bytes=proposal.SerializeToString())
    message = shim.ChaincodeMessage(proposal=signed)
    with pytest.raises(ContractError, match="failed to read the proposal's time"):
        _ = Invocation.from_message(message).timestamp
    change = kv_query_result_pb2.KeyModification(timestamp=stamp).SerializeToString()
    response = shim.QueryResponse(results=[shim.QueryResultBytes(resultBytes=change)])
    with pytest.raises(DecodeError, match="seconds after 1970 is no time"):
        requests.history("k").parse(response.SerializeToString())


def test_nanoseconds_that_are_too_many_are_more_seconds() -> None:
    payload = common_pb2.Payload(header=header(Timestamp(seconds=1, nanos=-1)))
    envelope = common_pb2.Envelope(payload=payload.SerializeToString())
    view = describe_transaction(envelope.SerializeToString())
    assert view.timestamp is not None
    assert view.timestamp.timestamp() == pytest.approx(0.999999)


def test_answers_of_a_peer_that_are_no_messages() -> None:
    for call in (
        requests.state_range("", ""),
        requests.history("k"),
        requests.state_page("", "", 1, ""),
        requests.get_states(["k"], 1)[0],
        requests.get_validation_parameter("k"),
        requests.invoke_chaincode("other", [], ""),
    ):
        with pytest.raises(DecodeError):
            call.parse(b"\xff")


def test_metadata_of_a_key_that_is_no_message() -> None:
    with pytest.raises(DecodeError):
        decode_metadata(b"\xff")


def test_a_certificate_of_a_version_that_does_not_exist() -> None:
    certificate = pem.find((history.FOLDER / "identities" / "user1@registry.test.pem").read_bytes())
    assert certificate is not None
    version = b"\xa0\x03\x02\x01\x02"
    assert version in certificate.content
    spoilt = certificate.content.replace(version, b"\xa0\x03\x02\x01\x03", 1)
    with pytest.raises(IdentityError, match="not a usable certificate"):
        load_certificate(pem.encode("CERTIFICATE", spoilt))


def test_a_real_block_is_still_described() -> None:
    view = describe_transaction(history.blocks()[10].data.data[0])
    assert view.timestamp is not None
    assert view.timestamp.year == 2026
