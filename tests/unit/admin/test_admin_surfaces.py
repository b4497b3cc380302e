"""Administration on both surfaces, with a scripted peer and orderer."""

import inspect
import json
from typing import Any

import grpc
import pytest
from fabric_protos.common import common_pb2, ledger_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import (
    chaincode_pb2,
    collection_pb2,
    proposal_pb2,
    proposal_response_pb2,
    query_pb2,
    transaction_pb2,
)
from fabric_protos.peer.lifecycle import lifecycle_pb2
from google.protobuf.message import Message

import pyfabric.aio.admin
import pyfabric.gateway.admin
from pyfabric.admin.definitions import ChaincodeDefinition
from pyfabric.admin.lifecycle import InstalledChaincode
from pyfabric.admin.orderers import ChannelInfo
from pyfabric.admin.packages import ChaincodePackage
from pyfabric.admin.peers import ChainInfo
from pyfabric.client.timeouts import COMMIT_STATUS, ENDORSE, SUBMIT
from pyfabric.client.transactions import PROCESS_PROPOSAL
from pyfabric.errors import (
    DecodeError,
    EndorseError,
    FabricError,
    GatewayError,
    OrdererError,
    PeerResponseError,
    StatusCode,
    ValidationCode,
)
from tests.support.client.gateway_server import ScriptedPeer, answer, endorse, fail, status
from tests.support.ledger.scripted_orderer import ScriptedOrderer

COLLECTIONS = collection_pb2.CollectionConfigPackage(
    config=[
        collection_pb2.CollectionConfig(
            static_collection_config=collection_pb2.StaticCollectionConfig(name="secrets")
        )
    ]
)
DEFINITION = ChaincodeDefinition(
    name="directory",
    version="1.0",
    sequence=3,
    endorsement_policy="/Channel/Application/Endorsement",
    collections=COLLECTIONS.SerializeToString(),
    init_required=True,
)
AS_READ = ChaincodeDefinition(
    name="directory",
    version="1.0",
    sequence=3,
    endorsement_policy=DEFINITION.validation_parameter(),
    collections=COLLECTIONS.SerializeToString(),
    init_required=True,
)
PARAMETERS: dict[str, Any] = {
    "version": "1.0",
    "sequence": 3,
    "endorsement_plugin": "escc",
    "validation_plugin": "vscc",
    "validation_parameter": DEFINITION.validation_parameter(),
    "collections": COLLECTIONS,
    "init_required": True,
}
PACKAGE = ChaincodePackage.build("directory_1", {"address": "{{.address}}"})
CHANNELS = "/participation/v1/channels"


def says(payload: Message | bytes = b"", code: int = 200, message: str = "") -> Any:
    """Return what the peer's Endorser answers."""
    content = payload if isinstance(payload, bytes) else payload.SerializeToString()
    response = proposal_response_pb2.Response(status=code, message=message, payload=content)
    return answer(proposal_response_pb2.ProposalResponse(response=response).SerializeToString())


def called(signed: proposal_pb2.SignedProposal) -> tuple[str, str, list[bytes]]:
    """Return the channel, chaincode and arguments of a proposal."""
    proposal = proposal_pb2.Proposal.FromString(signed.proposal_bytes)
    header = common_pb2.Header.FromString(proposal.header)
    channel = common_pb2.ChannelHeader.FromString(header.channel_header)
    payload = proposal_pb2.ChaincodeProposalPayload.FromString(proposal.payload)
    spec = chaincode_pb2.ChaincodeInvocationSpec.FromString(payload.input).chaincode_spec
    return channel.channel_id, spec.chaincode_id.name, list(spec.input.args)


def asked(peer: ScriptedPeer) -> tuple[str, str, list[bytes]]:
    """Return what the peer's Endorser was asked last."""
    raw = peer.requests[PROCESS_PROPOSAL][-1]
    return called(proposal_pb2.SignedProposal.FromString(raw))


def test_the_surfaces_are_the_same() -> None:
    for name in ("Admin", "OrdererAdmin"):
        blocking = vars(getattr(pyfabric.gateway.admin, name))
        waiting = vars(getattr(pyfabric.aio.admin, name))
        public = [one for one in blocking if not one.startswith("_")]
        assert public == [one for one in waiting if not one.startswith("_")]
        for method in public:
            assert inspect.signature(blocking[method]) == inspect.signature(waiting[method])
            assert blocking[method].__doc__ == waiting[method].__doc__
            assert inspect.iscoroutinefunction(waiting[method])


def test_install(admin: Any, peer: ScriptedPeer) -> None:
    peer.on(
        PROCESS_PROPOSAL, says(lifecycle_pb2.InstallChaincodeResult(package_id=PACKAGE.package_id))
    )
    assert admin.install(peer.endpoint, PACKAGE) == PACKAGE.package_id
    channel, chaincode, (function, arguments) = asked(peer)
    assert (channel, chaincode, function) == ("", "_lifecycle", b"InstallChaincode")
    sent = lifecycle_pb2.InstallChaincodeArgs.FromString(arguments)
    assert sent.chaincode_install_package == PACKAGE.data


def test_installing_again_is_no_error_and_anything_else_is(admin: Any, peer: ScriptedPeer) -> None:
    there = f"… chaincode already successfully installed (package ID '{PACKAGE.package_id}')"
    peer.on(PROCESS_PROPOSAL, says(code=500, message=there), says(code=500, message="disk full"))
    assert admin.install(peer.endpoint, PACKAGE) == PACKAGE.package_id
    with pytest.raises(PeerResponseError, match="500: disk full") as refusal:
        admin.install(peer.endpoint, PACKAGE)
    assert refusal.value.status == 500
    assert refusal.value.address == peer.endpoint.address


def test_what_is_installed(admin: Any, peer: ScriptedPeer) -> None:
    result = lifecycle_pb2.QueryInstalledChaincodesResult
    used = result.References(
        chaincodes=[result.Chaincode(name="directory", version="2"), result.Chaincode(name="a")]
    )
    peer.on(
        PROCESS_PROPOSAL,
        says(
            result(
                installed_chaincodes=[
                    result.InstalledChaincode(
                        package_id="b:1", label="b", references={"z": used, "city": used}
                    ),
                    result.InstalledChaincode(package_id="a:1", label="a"),
                ]
            )
        ),
    )
    places = [(name, *one) for name in ("city", "z") for one in (("a", ""), ("directory", "2"))]
    assert admin.installed(peer.endpoint) == (
        InstalledChaincode("a:1", "a"),
        InstalledChaincode("b:1", "b", tuple(places)),
    )


def test_an_installed_package(admin: Any, peer: ScriptedPeer) -> None:
    result = lifecycle_pb2.GetInstalledChaincodePackageResult
    peer.on(PROCESS_PROPOSAL, says(result(chaincode_install_package=PACKAGE.data)))
    assert admin.installed_package(peer.endpoint, PACKAGE.package_id) == PACKAGE
    sent = lifecycle_pb2.GetInstalledChaincodePackageArgs.FromString(asked(peer)[2][1])
    assert sent.package_id == PACKAGE.package_id


def transacted(peer: ScriptedPeer) -> tuple[list[str], tuple[str, str, list[bytes]]]:
    request = gateway_pb2.EndorseRequest.FromString(peer.requests[ENDORSE][-1])
    return list(request.endorsing_organizations), called(request.proposed_transaction)


def commits(peer: ScriptedPeer) -> None:
    peer.on(ENDORSE, endorse(b""))
    peer.on(SUBMIT, answer(b""))
    peer.on(COMMIT_STATUS, answer(status(0, 7)))


@pytest.mark.parametrize("package_id", ["directory_1:00", None])
def test_approve(admin: Any, peer: ScriptedPeer, package_id: str | None) -> None:
    commits(peer)
    assert admin.approve(peer.endpoint, "city", DEFINITION, package_id).block_number == 7
    organizations, (channel, chaincode, (function, arguments)) = transacted(peer)
    assert organizations == ["EconInfoMSP"]
    assert (channel, chaincode) == ("city", "_lifecycle")
    assert function == b"ApproveChaincodeDefinitionForMyOrg"
    sent = lifecycle_pb2.ApproveChaincodeDefinitionForMyOrgArgs.FromString(arguments)
    source = sent.source.WhichOneof("Type")
    assert source == ("unavailable" if package_id is None else "local_package")
    assert sent.source.local_package.package_id == (package_id or "")
    sent.ClearField("source")
    assert sent == type(sent)(name="directory", **PARAMETERS)


def test_without_collections_the_field_is_left_out(admin: Any, peer: ScriptedPeer) -> None:
    commits(peer)
    admin.commit(
        peer.endpoint, "city", ChaincodeDefinition(name="directory", version="1", sequence=1)
    )
    sent = lifecycle_pb2.CommitChaincodeDefinitionArgs.FromString(transacted(peer)[1][2][1])
    assert not sent.HasField("collections")
    assert not sent.validation_parameter


@pytest.mark.parametrize("organizations", [[], ["EconInfoMSP", "MktSupMSP"]])
def test_commit(admin: Any, peer: ScriptedPeer, organizations: list[str]) -> None:
    commits(peer)
    assert admin.commit(peer.endpoint, "city", DEFINITION, organizations).block_number == 7
    chosen, (_, _, (function, arguments)) = transacted(peer)
    assert chosen == organizations
    assert function == b"CommitChaincodeDefinition"
    sent = lifecycle_pb2.CommitChaincodeDefinitionArgs.FromString(arguments)
    assert sent == type(sent)(name="directory", **PARAMETERS)


def test_a_definition_that_does_not_follow(admin: Any, peer: ScriptedPeer) -> None:
    peer.on(ENDORSE, fail(grpc.StatusCode.ABORTED, "requested sequence 5 is larger"))
    with pytest.raises(EndorseError, match="requested sequence 5"):
        admin.approve(peer.endpoint, "city", DEFINITION, None)


def test_readiness(admin: Any, peer: ScriptedPeer) -> None:
    approvals = {"MktSupMSP": False, "EconInfoMSP": True}
    peer.on(PROCESS_PROPOSAL, says(lifecycle_pb2.CheckCommitReadinessResult(approvals=approvals)))
    assert list(admin.check_commit_readiness(peer.endpoint, "city", DEFINITION).items()) == [
        ("EconInfoMSP", True),
        ("MktSupMSP", False),
    ]
    channel, _, (function, arguments) = asked(peer)
    assert (channel, function) == ("city", b"CheckCommitReadiness")
    sent = lifecycle_pb2.CheckCommitReadinessArgs.FromString(arguments)
    assert sent == type(sent)(name="directory", **PARAMETERS)


def test_what_an_organisation_approved_otherwise(admin: Any, peer: ScriptedPeer) -> None:
    approvals = {"MktSupMSP": False, "EconInfoMSP": True, "HaidianMSP": False}
    result = lifecycle_pb2.CheckCommitReadinessResult(approvals=approvals)
    result.mismatches["MktSupMSP"].items.extend(["EndorsementInfo", "Collections"])
    peer.on(PROCESS_PROPOSAL, says(result))
    assert admin.unapproved_parts(peer.endpoint, "city", DEFINITION) == {
        "HaidianMSP": (),
        "MktSupMSP": ("EndorsementInfo", "Collections"),
    }
    assert asked(peer)[2][0] == b"CheckCommitReadiness"


def test_committed(admin: Any, peer: ScriptedPeer) -> None:
    result = lifecycle_pb2.QueryChaincodeDefinitionsResult
    listed = [result.ChaincodeDefinition(name=name, **PARAMETERS) for name in ("x", "directory")]
    peer.on(PROCESS_PROPOSAL, says(result(chaincode_definitions=listed)))
    found = admin.committed(peer.endpoint, "city")
    assert [one.name for one in found] == ["directory", "x"]
    assert found[0] == AS_READ


def test_one_committed_definition(admin: Any, peer: ScriptedPeer) -> None:
    result = lifecycle_pb2.QueryChaincodeDefinitionResult(
        approvals={"EconInfoMSP": True}, **PARAMETERS
    )
    missing = says(code=404, message="namespace nothing is not defined")
    peer.on(PROCESS_PROPOSAL, says(result), missing)
    found = admin.committed_definition(peer.endpoint, "city", "directory")
    assert (found.definition, found.approvals) == (AS_READ, {"EconInfoMSP": True})
    with pytest.raises(PeerResponseError, match="namespace nothing is not defined") as refusal:
        admin.committed_definition(peer.endpoint, "city", "nothing")
    assert refusal.value.status == 404


@pytest.mark.parametrize("package_id", ["directory_1:00", None])
def test_approved(admin: Any, peer: ScriptedPeer, package_id: str | None) -> None:
    local = lifecycle_pb2.ChaincodeSource.Local(package_id=package_id)
    source = lifecycle_pb2.ChaincodeSource(local_package=local)
    if package_id is None:
        source = lifecycle_pb2.ChaincodeSource(
            unavailable=lifecycle_pb2.ChaincodeSource.Unavailable()
        )
    result = lifecycle_pb2.QueryApprovedChaincodeDefinitionResult(source=source, **PARAMETERS)
    peer.on(PROCESS_PROPOSAL, says(result))
    found = admin.approved(peer.endpoint, "city", "directory", 3)
    assert (found.definition, found.package_id) == (AS_READ, package_id)
    sent = lifecycle_pb2.QueryApprovedChaincodeDefinitionArgs.FromString(asked(peer)[2][1])
    assert (sent.name, sent.sequence) == ("directory", 3)


def test_channels_of_a_peer(admin: Any, peer: ScriptedPeer) -> None:
    names = [query_pb2.ChannelInfo(channel_id=name) for name in ("slow", "fast")]
    peer.on(PROCESS_PROPOSAL, says(), says(query_pb2.ChannelQueryResponse(channels=names)))
    assert admin.join_channel(peer.endpoint, b"a block") is None
    assert asked(peer) == ("", "cscc", [b"JoinChain", b"a block"])
    assert admin.channels(peer.endpoint) == ("fast", "slow")
    assert asked(peer) == ("", "cscc", [b"GetChannels"])


def test_chain_info_and_blocks(admin: Any, peer: ScriptedPeer) -> None:
    info = ledger_pb2.BlockchainInfo(height=9, currentBlockHash=b"c", previousBlockHash=b"p")
    peer.on(PROCESS_PROPOSAL, says(info), says(b"a block"))
    assert admin.chain_info(peer.endpoint, "city") == ChainInfo(9, b"c", b"p")
    assert asked(peer) == ("city", "qscc", [b"GetChainInfo", b"city"])
    for which, arguments in (
        (7, [b"GetBlockByNumber", b"city", b"7"]),
        ("ab12", [b"GetBlockByTxID", b"city", b"ab12"]),
        (b"\xab\x12", [b"GetBlockByHash", b"city", b"\xab\x12"]),
    ):
        assert admin.block(peer.endpoint, "city", which) == b"a block"
        assert asked(peer) == ("city", "qscc", arguments)
    assert admin.config_block(peer.endpoint, "city") == b"a block"
    assert asked(peer) == ("city", "cscc", [b"GetConfigBlock", b"city"])


def test_a_transaction(admin: Any, peer: ScriptedPeer) -> None:
    envelope = common_pb2.Envelope(payload=b"p", signature=b"s")
    found = transaction_pb2.ProcessedTransaction(transactionEnvelope=envelope, validationCode=11)
    peer.on(PROCESS_PROPOSAL, says(found))
    transaction = admin.transaction(peer.endpoint, "city", "ab12")
    assert transaction.envelope == envelope.SerializeToString()
    assert transaction.code is ValidationCode.MVCC_READ_CONFLICT
    assert asked(peer) == ("city", "qscc", [b"GetTransactionByID", b"city", b"ab12"])


def test_a_peer_that_refuses_the_proposal_or_answers_junk(admin: Any, peer: ScriptedPeer) -> None:
    peer.on(
        PROCESS_PROPOSAL,
        fail(grpc.StatusCode.UNKNOWN, "error validating proposal: access denied"),
        says(b"\xff"),
    )
    with pytest.raises(GatewayError, match="access denied") as refusal:
        admin.channels(peer.endpoint)
    assert refusal.value.code is StatusCode.UNKNOWN
    with pytest.raises(DecodeError):
        admin.channels(peer.endpoint)


def test_joining_an_orderer(orderer_admin: Any, orderer: ScriptedOrderer) -> None:
    info = {
        "name": "city",
        "url": f"{CHANNELS}/city",
        "consensusRelation": "consenter",
        "status": "active",
        "height": 1,
    }
    orderer.answers["POST", CHANNELS] = (201, json.dumps(info).encode())
    assert orderer_admin.join(b"a block") == ChannelInfo("city", "consenter", "active", 1)
    _, _, kind, body = orderer.requests[-1]
    assert kind.startswith("multipart/form-data")
    assert b'name="config-block"' in body
    assert b"a block" in body


def test_channels_of_an_orderer(orderer_admin: Any, orderer: ScriptedOrderer) -> None:
    listed = {"systemChannel": None, "channels": [{"name": "slow"}, {"name": "fast"}]}
    orderer.answers["GET", CHANNELS] = (200, json.dumps(listed).encode())
    assert orderer_admin.channels() == ("fast", "slow")
    orderer.answers["GET", CHANNELS] = (200, b'{"systemChannel":null,"channels":null}')
    assert orderer_admin.channels() == ()
    orderer.answers["GET", f"{CHANNELS}/city"] = (200, b'{"name":"city","height":12}')
    assert orderer_admin.channel("city") == ChannelInfo("city", "", "", 12)
    orderer.answers["GET", f"{CHANNELS}/city/blocks/config"] = (200, b"a block")
    orderer.answers["GET", f"{CHANNELS}/city/blocks/7"] = (200, b"the eighth")
    assert orderer_admin.block("city", "config") == b"a block"
    assert orderer_admin.block("city", 7) == b"the eighth"
    orderer.answers["DELETE", f"{CHANNELS}/city"] = (204, b"")
    assert orderer_admin.remove("city") is None


def test_an_orderer_that_refuses(orderer_admin: Any, orderer: ScriptedOrderer) -> None:
    refusal = b'{"error":"cannot join: channel already exists"}'
    orderer.answers["POST", CHANNELS] = (405, refusal)
    orderer.answers["GET", f"{CHANNELS}/a%2Fb"] = (404, b"404 page not found\n")
    orderer.answers["DELETE", f"{CHANNELS}/city"] = (503, b"")
    missing = b'{"error":"no such block number [0] in index"}'
    orderer.answers["GET", f"{CHANNELS}/a%2Fb/blocks/0"] = (404, missing)
    for attempt, status_code, text in (
        (lambda: orderer_admin.join(b""), 405, "cannot join: channel already exists"),
        (lambda: orderer_admin.channel("a/b"), 404, "404 page not found"),
        (lambda: orderer_admin.remove("city"), 503, "the orderer gave no reason"),
        (lambda: orderer_admin.block("a/b", 0), 404, "no such block number [0] in index"),
    ):
        with pytest.raises(OrdererError) as error:
            attempt()
        assert (error.value.status, error.value.message) == (status_code, text)


@pytest.mark.parametrize(
    "body", [b"junk", b"[]", b'{"channels":{"a":1}}', b'{"channels":[1]}', b'{"channels":[{}]}']
)
def test_an_orderer_that_answers_junk(
    orderer_admin: Any, orderer: ScriptedOrderer, body: bytes
) -> None:
    orderer.answers["GET", CHANNELS] = (200, body)
    with pytest.raises(FabricError, match="the orderer"):
        orderer_admin.channels()
