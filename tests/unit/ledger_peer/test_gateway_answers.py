"""Responses of our gateway, compared with recorded ones of Fabric's (fabric-behaviour.md, Part C).

Network names differ (Org1MSP is EconInfoMSP, `fast` is `directory`, `assetjs` is `asset`); codes, texts
and who reports what in the details do not.
"""

import asyncio
from datetime import timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import proposal_response_pb2

from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import generate_private_key, private_key_pem
from pyfabric.identity.loading import load_identity
from pyfabric.identity.signing import SigningIdentity
from tests.support.ledger.ledger import CHANNEL
from tests.support.ledger.raw_gateway import Draft, Outcome, sign_envelope
from tests.unit.ledger_peer.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWN = "EconInfoMSP"
FAILED_ENDORSE = "failed to endorse transaction, see attached details for more info"
FAILED_EVALUATE = "failed to evaluate transaction, see attached details for more info"
NO_PLAN = "no combination of peers can be derived which satisfy the endorsement policy: "
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def draft(world: World, *arguments: bytes) -> Draft:
    return Draft(world.network.first.user(), CHANNEL, "asset", arguments)


def refused(message: str) -> tuple[Outcome, Outcome]:
    """Return what Evaluate and Endorse say of a proposal that the first peer's endorser refuses."""
    details = ((OWN, message),)
    return (
        Outcome(
            "FAILED_PRECONDITION", f"evaluate call to endorser returned error: {message}", details
        ),
        Outcome("ABORTED", FAILED_ENDORSE, details),
    )


async def both(world: World, proposal: Draft) -> tuple[Outcome, Outcome]:
    return await world.gateway.evaluate(proposal), await world.gateway.endorse(proposal)


async def test_put_and_get(world: World) -> None:
    gateway, user = world.gateway, world.network.first.user()
    proposal = draft(world, b"put", b"first", b"one").fixed()
    endorsed = await gateway.endorse(proposal)
    assert endorsed.code == "OK"
    envelope = sign_envelope(user, endorsed.response.prepared_transaction)
    assert (await gateway.submit(CHANNEL, envelope)).code == "OK"
    status = await gateway.status(user, CHANNEL, proposal.id)
    assert (status.code, status.response.result) == ("OK", 0)
    again = await gateway.status(user, CHANNEL, proposal.id)
    assert again.response == status.response
    answer = await gateway.evaluate(draft(world, b"get", b"first"))
    assert answer.response.result.payload == b"one"
    elsewhere = await world.gateways["Haidian"].evaluate(draft(world, b"get", b"first"))
    assert elsewhere.response.result.payload == b"one"


async def test_unknown_channel_and_chaincode(world: World) -> None:
    proposal = draft(world, b"get", b"k")
    assert await both(world, proposal.but(channel="nochan")) == (
        Outcome(
            "UNAVAILABLE",
            "failed to get config for channel [nochan]: could not get last config for channel "
            "nochan",
        ),
        Outcome(
            "FAILED_PRECONDITION",
            f"{NO_PLAN}No metadata was found for chaincode asset in channel nochan",
        ),
    )
    assert await both(world, proposal.but(chaincode="nocc")) == (
        Outcome(
            "FAILED_PRECONDITION",
            f"no peers available to evaluate chaincode nocc in channel {CHANNEL}",
        ),
        Outcome(
            "FAILED_PRECONDITION",
            f"{NO_PLAN}No metadata was found for chaincode nocc in channel {CHANNEL}",
        ),
    )


async def test_empty_channel_and_chaincode(world: World) -> None:
    proposal = draft(world, b"get", b"k")
    unpacked = "failed to unpack transaction proposal"
    assert await both(world, proposal.but(channel="")) == (
        Outcome("INVALID_ARGUMENT", f"{unpacked}: no channel id provided"),
        Outcome(
            "FAILED_PRECONDITION",
            f"{NO_PLAN}No metadata was found for chaincode asset in channel ",
        ),
    )
    assert await both(world, proposal.but(chaincode="")) == (
        Outcome(
            "INVALID_ARGUMENT",
            f"{unpacked}: no chaincode name is provided, channel id [{CHANNEL}]",
        ),
        Outcome(
            "FAILED_PRECONDITION",
            f"{NO_PLAN}No metadata was found for chaincode  in channel {CHANNEL}",
        ),
    )


@pytest.mark.parametrize("status", [500, 400, 499])
async def test_chaincode_errors(world: World, status: int) -> None:
    proposal = draft(world, b"status", str(status).encode(), b"boom")
    message = f"chaincode response {status}, boom"
    assert await both(world, proposal) == (
        Outcome(
            "UNKNOWN", f"evaluate call to endorser returned error: {message}", ((OWN, message),)
        ),
        Outcome("ABORTED", FAILED_ENDORSE, ((OWN, message),)),
    )


async def test_status_399_is_a_success(world: World) -> None:
    answer = await world.gateway.evaluate(draft(world, b"status", b"399", b"odd"))
    assert (answer.response.result.status, answer.response.result.message) == (399, "odd")
    assert (await world.gateway.endorse(draft(world, b"status", b"399", b"odd"))).code == "OK"


async def test_answers_that_differ(world: World) -> None:
    proposal = draft(world, b"differ").fixed()
    answer = await world.gateway.endorse(proposal)
    _, *endorsed, last = await world.network.ask("trace", transaction_id=proposal.id)
    assert {step["did"] for step in endorsed} == {"endorsed it"}
    assert len({str(step["writes"]) for step in endorsed}) == len(endorsed)
    assert "ProposalResponsePayloads do not match" in last["because"]
    assert answer.code == "ABORTED"
    assert answer.message == (
        "failed to collect enough transaction endorsements, see attached details for more info"
    )
    assert sorted(answer.details) == [
        ("HaidianMSP", "ProposalResponsePayloads do not match"),
        ("MktSupMSP", "ProposalResponsePayloads do not match"),
    ]


async def test_an_organization_that_is_named_twice_is_asked_again_when_it_refuses(
    world: World,
) -> None:
    answer = await world.gateway.endorse(
        draft(world, b"nothing of the kind"), "HaidianMSP", "HaidianMSP"
    )
    assert answer.code == "ABORTED"
    assert [msp_id for msp_id, _ in answer.details] == ["HaidianMSP", "HaidianMSP"]


async def test_unknown_organizations(world: World) -> None:
    proposal = draft(world, b"get", b"k")
    assert await world.gateway.endorse(proposal, "NopeMSP") == Outcome(
        "UNAVAILABLE", "failed to find any endorsing peers for org(s): NopeMSP"
    )
    assert await world.gateway.evaluate(proposal, "NopeMSP") == Outcome(
        "FAILED_PRECONDITION",
        f"no peers available to evaluate chaincode asset in channel {CHANNEL}",
    )


async def test_creator_of_another_organization(world: World) -> None:
    user, other = world.network.first.user(), world.network.departments["Haidian"]
    unknown = f"error validating proposal: access denied: channel [{CHANNEL}] creator org unknown, "
    certificate = user.identity.certificate
    for msp_id in ("HaidianMSP", "StrangerMSP"):
        posing = SigningIdentity(type(user.identity)(msp_id, certificate), user.signer)
        found = await both(world, draft(world, b"get", b"k").but(identity=posing))
        assert found == refused(f"{unknown}creator is malformed")
    allowed = await world.gateway.evaluate(
        draft(world, b"get", b"k").but(identity=other.user("guest"))
    )
    assert allowed.code == "OK"


def self_signed(world: World) -> SigningIdentity:
    department = world.network.first
    authority = CertificateAuthority.create("rogue", "Rogue", now=department.now)
    key = generate_private_key()
    certificate = authority.issue("rogue", now=department.now, public_key=key.public_key())
    return load_identity(OWN, certificate, private_key_pem(key))


async def test_certificates_that_no_ca_of_the_channel_made(world: World) -> None:
    found = await both(world, draft(world, b"get", b"k").but(identity=self_signed(world)))
    assert found == refused(
        f"error validating proposal: access denied: channel [{CHANNEL}] creator org unknown, "
        "creator is malformed"
    )


async def test_identity_without_a_role(world: World) -> None:
    nobody = world.network.first.user("nobody", unit=None)  # type: ignore[arg-type]
    found = await both(world, draft(world, b"get", b"k").but(identity=nobody))
    assert found == refused(
        f"error validating proposal: access denied: channel [{CHANNEL}] creator org [{OWN}]"
    )


async def test_expired_identity(world: World) -> None:
    department = world.network.first
    authority = CertificateAuthority.load(department.ca.certificate_pem, department.ca.key_pem)
    key = generate_private_key()
    certificate = authority.issue(
        "old",
        now=department.now - timedelta(minutes=3),
        public_key=key.public_key(),
        unit="client",
        days=0,
    )
    old = load_identity(OWN, certificate, private_key_pem(key))
    evaluated, endorsed = await both(world, draft(world, b"get", b"k").but(identity=old))
    text = "proposal client identity expired"
    remote = f"rpc error: code = Unknown desc = {text}"
    assert (evaluated.code, evaluated.message) == ("UNAVAILABLE", FAILED_EVALUATE)
    assert evaluated.details[0] == (OWN, text)
    assert sorted(evaluated.details[1:]) == [("HaidianMSP", remote), ("MktSupMSP", remote)]
    assert endorsed == Outcome("ABORTED", FAILED_ENDORSE, ((OWN, text),))


async def test_bad_signatures(world: World) -> None:
    proposal = draft(world, b"get", b"k").fixed()
    good = proposal.signed().signature
    r, s = decode_dss_signature(good)
    denied = f"error validating proposal: access denied: channel [{CHANNEL}] creator org [{OWN}]"
    for signature in (
        good[:-1] + bytes([good[-1] ^ 1]),
        encode_dss_signature(r, P256_ORDER - s),
        b"junk",
        world.network.departments["Haidian"].user().sign(proposal.signed().proposal_bytes),
    ):
        assert await both(world, proposal.but(signature=signature)) == refused(denied)
    assert await both(world, proposal.but(signature=b"")) == refused(
        "error validating proposal: empty signature bytes"
    )


async def test_parts_of_headers(world: World) -> None:
    proposal = draft(world, b"get", b"k").fixed()
    assert proposal.nonce is not None
    wrong = "ab" * 32
    assert await both(world, proposal.but(transaction_id=wrong)) == refused(
        f"error validating proposal: incorrectly computed txid '{wrong}' -- expected "
        f"'{proposal.id}'"
    )
    empty = sha256(proposal.identity.serialized()).hexdigest()
    assert await both(world, proposal.but(nonce=b"", transaction_id=empty)) == refused(
        "error validating proposal: nonce is empty"
    )
    assert await both(world, proposal.but(epoch=1)) == refused(
        "error validating proposal: epoch is non-zero"
    )
    assert await both(world, proposal.but(header_type=2)) == refused(
        "error validating proposal: invalid header type CONFIG_UPDATE"
    )
    config = proposal.but(header_type=common_pb2.HeaderType.CONFIG)
    assert (await world.gateway.endorse(config)).code == "OK"


@pytest.mark.parametrize("age", [timedelta(hours=1), timedelta(hours=-1), None])
async def test_timestamps(world: World, age: timedelta | None) -> None:
    endorsed = await world.gateway.endorse(draft(world, b"get", b"k").but(age=age))
    assert (endorsed.code, endorsed.message) == ("ABORTED", FAILED_ENDORSE)
    ((msp_id, text),) = endorsed.details
    assert msp_id == OWN
    assert text.startswith("request unauthorized due to incorrect timestamp ")
    assert text.endswith(", peer.authentication.timewindow 15m0s")
    if age is None:
        assert "timestamp 1970-01-01T00:00:00Z, peer time " in text


async def test_empty_requests(world: World) -> None:
    gateway = world.gateway
    path = "/gateway.Gateway/"
    assert await gateway.call(f"{path}Endorse", gateway_pb2.EndorseRequest()) == Outcome(
        "INVALID_ARGUMENT", "the proposed transaction must contain a signed proposal"
    )
    assert await gateway.call(f"{path}Evaluate", gateway_pb2.EvaluateRequest()) == Outcome(
        "INVALID_ARGUMENT", "failed to unpack transaction proposal: a signed proposal is required"
    )
    assert await gateway.submit(CHANNEL, None) == Outcome(
        "INVALID_ARGUMENT", "a prepared transaction is required"
    )
    assert await gateway.submit(CHANNEL, common_pb2.Envelope(payload=b"x")) == Outcome(
        "INVALID_ARGUMENT", "prepared transaction must be signed"
    )
    empty = gateway_pb2.SignedCommitStatusRequest()
    assert await gateway.call(f"{path}CommitStatus", empty) == Outcome(
        "INVALID_ARGUMENT", "a commit status request is required"
    )


async def test_duplicate_transaction(world: World) -> None:
    gateway, user = world.gateway, world.network.first.user()
    proposal = draft(world, b"add", b"duplicate").fixed()
    prepared = (await gateway.endorse(proposal)).response.prepared_transaction
    envelope = sign_envelope(user, prepared)
    assert (await gateway.submit(CHANNEL, envelope)).code == "OK"
    first = await gateway.status(user, CHANNEL, proposal.id)
    assert first.response.result == 0
    assert (await gateway.submit(CHANNEL, envelope)).code == "OK"
    found = await both(world, proposal)
    assert found == refused(
        f"duplicate transaction found [{proposal.id}]. Creator [{user.serialized().hex()}]"
    )
    assert (await gateway.status(user, CHANNEL, proposal.id)).response == first.response


async def test_one_endorser_is_not_enough(world: World) -> None:
    gateway, user = world.gateway, world.network.first.user()
    proposal = draft(world, b"put", b"lonely", b"x").fixed()
    prepared = (await gateway.endorse(proposal, OWN)).response.prepared_transaction
    assert (await gateway.submit(CHANNEL, sign_envelope(user, prepared))).code == "OK"
    status = await gateway.status(user, CHANNEL, proposal.id)
    assert status.response.result == 10
    assert (await gateway.evaluate(draft(world, b"get", b"lonely"))).response.result.payload == b""


async def test_conflict_in_one_block(world: World) -> None:
    gateway, user = world.gateway, world.network.first.user()
    drafts = [draft(world, b"add", b"contended").fixed() for _ in range(2)]
    prepared = [(await gateway.endorse(one)).response.prepared_transaction for one in drafts]
    for one in prepared:
        assert (await gateway.submit(CHANNEL, sign_envelope(user, one))).code == "OK"
    results = [(await gateway.status(user, CHANNEL, one.id)).response.result for one in drafts]
    assert results == [0, 11]


async def test_orderer_refuses_the_envelope(world: World) -> None:
    gateway = world.gateway
    prepared = (
        await gateway.endorse(draft(world, b"put", b"k", b"v"))
    ).response.prepared_transaction
    outcome = await gateway.submit(
        CHANNEL, common_pb2.Envelope(payload=prepared.payload, signature=b"junk")
    )
    assert outcome == Outcome(
        "ABORTED",
        "received unsuccessful response from orderer: status=FORBIDDEN, info=implicit policy "
        "evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the "
        "'Writers' sub-policies to be satisfied: permission denied",
    )


async def test_commit_status_refusals(world: World) -> None:
    gateway, user = world.gateway, world.network.first.user()
    assert await gateway.status(user, "nochan", "x") == Outcome(
        "PERMISSION_DENIED", "Failed to get policy manager for channel [nochan]"
    )
    assert await gateway.status(user, CHANNEL, "x", signature=b"junk") == Outcome(
        "PERMISSION_DENIED",
        "Failed evaluating policy on signed data during check policy on channel "
        f"[{CHANNEL}] with policy [/Channel/Application/Readers]: [implicit policy evaluation "
        "failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Readers' "
        "sub-policies to be satisfied]",
    )
    never = await gateway.status(user, CHANNEL, "never submitted", timeout=0.3)
    assert never.code == "DEADLINE_EXCEEDED"


async def test_deadline_in_a_contract(world: World) -> None:
    world.contracts.held.clear()
    outcome = await world.gateway.evaluate(draft(world, b"hold"), timeout=0.4)
    world.contracts.held.set()
    assert outcome.code == "DEADLINE_EXCEEDED"
    # The peer says it itself, unless it is so late that the client's own clock is first.
    assert outcome.message in ("evaluate timeout expired", "Deadline Exceeded")


async def test_same_transaction_at_once(world: World) -> None:
    contracts, proposal = world.contracts, draft(world, b"hold").fixed()
    contracts.held.clear()
    contracts.entered.clear()
    running = [asyncio.create_task(world.gateway.evaluate(proposal)) for _ in range(5)]
    await contracts.entered.wait()
    # Each peer runs the transaction for one caller: two callers find nobody.
    refusals = asyncio.as_completed(running)
    for _ in range(2):
        assert (await next(refusals)).code == "ABORTED"
    contracts.held.set()
    outcomes = [await task for task in running]
    assert [one.code for one in outcomes].count("OK") == 3
    failed = [one for one in outcomes if one.code != "OK"]
    text = (
        f"error in simulation: failed to execute transaction {proposal.id}: error sending: txid: "
        f"{proposal.id}({CHANNEL}) exists"
    )
    for one in failed:
        assert (one.code, one.message) == ("ABORTED", FAILED_EVALUATE)
        assert {message for _, message in one.details} == {text}
        assert len(one.details) == 3


async def test_transient_data_reaches_the_contract_only(world: World) -> None:
    proposal = draft(world, b"transient").but(transient={"secret": b"hidden"})
    answer = await world.gateway.evaluate(proposal)
    assert answer.response.result.payload == b"hidden"
    endorsed = await world.gateway.endorse(
        draft(world, b"put", b"t", b"v").but(transient={"other": b"unseen"})
    )
    assert b"unseen" not in endorsed.response.prepared_transaction.payload


async def test_endorser_directly(world: World) -> None:
    gateway = world.gateway
    unknown = await gateway.process(draft(world, b"get").but(chaincode="nocc"))
    assert unknown.response.response == proposal_response_pb2.Response(
        status=500,
        message=f"make sure the chaincode nocc has been successfully defined on channel {CHANNEL} "
        "and try again: chaincode nocc not found",
    )
    missing = await gateway.process(draft(world, b"get").but(channel="nochan"))
    assert missing.response.response.message == "channel 'nochan' not found"
    failed = await gateway.process(draft(world, b"status", b"500", b"boom"))
    assert failed.response.response.message == "boom"
    assert failed.response.payload
    assert not failed.response.HasField("endorsement")
    denied = await gateway.process(draft(world, b"get").but(signature=b"junk"))
    assert denied == Outcome(
        "UNKNOWN",
        f"error validating proposal: access denied: channel [{CHANNEL}] creator org [{OWN}]",
    )


async def test_unknown_services_and_methods(world: World) -> None:
    assert await world.gateway.call("/no.Such/Method", b"") == Outcome(
        "UNIMPLEMENTED", "unknown service no.Such"
    )
    assert await world.gateway.call("/gateway.Gateway/Nope", b"") == Outcome(
        "UNIMPLEMENTED", "unknown method Nope for service gateway.Gateway"
    )


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (
            b"query",
            "GET_QUERY_RESULT failed: transaction ID: {}: ExecuteQuery not supported for leveldb",
        ),
        (
            b"private",
            (
                "GET_STATE failed: transaction ID: {}: collection directory/asset/c could not be "
                "found"
            ),
        ),
    ],
)
async def test_requests_that_the_peer_refuses(world: World, function: bytes, text: str) -> None:
    proposal = draft(world, function).fixed()
    answer = await world.gateway.evaluate(proposal)
    message = f"chaincode response 500, {text.format(proposal.id)}"
    assert answer.details == ((OWN, message),)
