"""The rarer refusals: broken genesis blocks, collections, packages, requests for events."""

from collections.abc import Callable
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.msp import msp_principal_pb2
from fabric_protos.peer import collection_pb2
from fabric_protos.peer.lifecycle import lifecycle_pb2

from pyfabric.admin.packages import ChaincodePackage
from pyfabric.errors import ContractError, GatewayError
from pyfabric.identity.msp import MSP, MSPManager
from pyfabric.rules.lifecycle.inputs import (
    check_against_committed,
    check_collections,
    static_collections,
)
from tests.support.ledger.ledger import CHANNEL
from tests.support.ledger.raw_gateway import Draft, Outcome, sign_envelope
from tests.unit.ledger_peer.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

Change = Callable[[Any], None]


def block_of(payload: bytes) -> bytes:
    """Return a block with one envelope of that payload."""
    envelope = common_pb2.Envelope(payload=payload)
    return common_pb2.Block(
        data=common_pb2.BlockData(data=[envelope.SerializeToString()])
    ).SerializeToString()


def unreadable_configuration() -> bytes:
    """Return a block of type CONFIG whose envelope holds no configuration."""
    header = common_pb2.ChannelHeader(type=common_pb2.HeaderType.CONFIG, channel_id="broken")
    payload = common_pb2.Payload(data=b"\xff")
    payload.header.channel_header = header.SerializeToString()
    return block_of(payload.SerializeToString())


def config_block(*changes: tuple[type[Any], Change]) -> bytes:
    """Return a small configuration block; each change is made to the message of its type."""
    header = common_pb2.ChannelHeader(type=common_pb2.HeaderType.CONFIG, channel_id="broken")
    config = configtx_pb2.ConfigEnvelope()
    config.config.channel_group.groups["Application"].SetInParent()
    for kind, change in changes:
        for message in (header, config):
            if isinstance(message, kind):
                change(message)
    payload = common_pb2.Payload(data=config.SerializeToString())
    payload.header.channel_header = header.SerializeToString()
    return block_of(payload.SerializeToString())


Envelope = configtx_pb2.ConfigEnvelope
Header = common_pb2.ChannelHeader


def no_application(message: configtx_pb2.ConfigEnvelope) -> None:
    del message.config.channel_group.groups["Application"]
    message.config.channel_group.groups["Other"].SetInParent()


def as_message(message: common_pb2.ChannelHeader) -> None:
    message.type = common_pb2.HeaderType.MESSAGE


PREFIX = (
    '"JoinChain" for channelID = broken failed because of validation of configuration block, '
    "because of "
)
UNREADABLE = "proto: cannot parse invalid wire-format data"
UNREADABLE_CONFIG = (
    f"Bad configuration envelope: error unmarshalling message for type CONFIG: {UNREADABLE}"
)
EXTRACT = '"JoinChain" request failed to extract channel id from the block due to '


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (b"", f"{EXTRACT}[failed to retrieve channel id - block is empty]"),
        (
            common_pb2.Block(
                data=common_pb2.BlockData(data=[common_pb2.Envelope().SerializeToString() or b""])
            ).SerializeToString(),
            f"{EXTRACT}[failed to retrieve channel id - payload header is empty]",
        ),
        (
            common_pb2.Block(data=common_pb2.BlockData(data=[b"\xff"])).SerializeToString(),
            f"{EXTRACT}[error unmarshalling Envelope: proto: cannot parse invalid wire-format data]",
        ),
        (
            block_of(b"\xff"),
            f"{EXTRACT}[error unmarshalling Payload: proto: cannot parse invalid wire-format data]",
        ),
        (
            block_of(
                common_pb2.Payload(
                    header=common_pb2.Header(channel_header=b"\xff")
                ).SerializeToString()
            ),
            f"{EXTRACT}[error unmarshalling ChannelHeader: {UNREADABLE}]",
        ),
        (
            unreadable_configuration(),
            f"{PREFIX}{UNREADABLE_CONFIG}",
        ),
        (
            config_block((Header, as_message)),
            f"{PREFIX}Bad configuration envelope: invalid type MESSAGE, expected CONFIG",
        ),
        (
            config_block((Envelope, lambda one: one.ClearField("config"))),
            f"{PREFIX}Nil config envelope Config",
        ),
        (
            config_block((Envelope, lambda one: one.config.ClearField("channel_group"))),
            f"{PREFIX}Nil channel group",
        ),
        (
            config_block((Envelope, lambda one: one.config.channel_group.ClearField("groups"))),
            f"{PREFIX}No channel configuration groups are available",
        ),
        (
            config_block((Envelope, no_application)),
            f"{PREFIX}Invalid configuration block, missing Application configuration group",
        ),
    ],
)
async def test_blocks_that_make_no_channel(world: World, block: bytes, text: str) -> None:
    first = world.network.first
    answer = await world.network.system(first, "", "cscc", b"JoinChain", block)
    assert (answer.status, answer.message) == (500, text)
    joined = await world.network.system(first, "", "cscc", b"GetChannels")
    assert b"broken" not in joined.payload


async def test_a_block_whose_configuration_is_none(world: World) -> None:
    answer = await world.network.system(
        world.network.first, "", "cscc", b"JoinChain", config_block()
    )
    assert answer.status == 500
    assert answer.message


async def test_cscc_with_too_few_arguments(world: World) -> None:
    first = world.network.first
    for arguments in ((), (b"JoinChain",)):
        answer = await world.network.system(first, "", "cscc", *arguments)
        assert answer.message == f"Incorrect number of arguments, {len(arguments)}"
    for function, text in (
        (b"JoinChainBySnapshot", "Cannot join the channel, no snapshot directory provided"),
        (b"GetChannelConfig", "empty channel name provided"),
    ):
        answer = await world.network.system(first, "", "cscc", function, b"")
        assert answer.message == text
    status = await world.network.system(first, "", "cscc", b"JoinBySnapshotStatus")
    assert status.status == 200
    foreigner = world.network.departments["Haidian"].user()
    with pytest.raises(GatewayError, match=r"access denied: channel \[\] creator org unknown"):
        await world.network.system(first, "", "cscc", b"GetChannels", identity=foreigner)
    foreign = await world.network.system(first, CHANNEL, "cscc", b"GetChannels", identity=foreigner)
    assert foreign.message == (
        "access denied for [GetChannels]: Failed deserializing proposal creator during channelless "
        "check policy with policy [Members]: [expected MSP ID EconInfoMSP, received HaidianMSP]"
    )


def collection(**fields: Any) -> collection_pb2.CollectionConfigPackage:
    package = collection_pb2.CollectionConfigPackage()
    config = package.config.add().static_collection_config
    config.name = "own"
    config.maximum_peer_count = 1
    policy = config.member_orgs_policy.signature_policy
    policy.rule.n_out_of.n = 1
    policy.rule.n_out_of.rules.add().signed_by = 0
    role = msp_principal_pb2.MSPRole(msp_identifier="EconInfoMSP")
    policy.identities.add(principal=role.SerializeToString())
    for name, value in fields.items():
        if callable(value):
            value(config)
        else:
            setattr(config, name, value)
    return package


def set_principal(kind: int, raw: bytes) -> Change:
    def change(config: collection_pb2.StaticCollectionConfig) -> None:
        principal = config.member_orgs_policy.signature_policy.identities[0]
        principal.principal_classification = kind  # type: ignore[assignment]
        principal.principal = raw

    return change


def need_two(config: collection_pb2.StaticCollectionConfig) -> None:
    config.member_orgs_policy.signature_policy.rule.n_out_of.n = 2


def nobody(config: collection_pb2.StaticCollectionConfig) -> None:
    config.member_orgs_policy.signature_policy.rule.n_out_of.rules[0].signed_by = 7


def other(msp_id: str) -> bytes:
    return msp_principal_pb2.OrganizationUnit(msp_identifier=msp_id).SerializeToString()


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, ""),
        (
            {"maximum_peer_count": 1, "required_peer_count": 2},
            "maximum peer count (1) cannot be less than the required peer count (2)",
        ),
        (
            {"maximum_peer_count": -1, "required_peer_count": -1},
            "requiredPeerCount (-1) cannot be less than zero",
        ),
        (
            {"member": lambda one: one.ClearField("member_orgs_policy")},
            "collection member policy is not set for collection 'own'",
        ),
        (
            {"member": lambda one: one.member_orgs_policy.ClearField("signature_policy")},
            "collection member org policy is empty for collection 'own'",
        ),
        ({"member": nobody}, "invalid member org policy for collection 'own'"),
        ({"member": need_two}, "signature policy is not an OR concatenation, NOutOf 2"),
        (
            {"member": set_principal(0, b"\x0a\x05Ghost")},
            "collection member 'Ghost' is not part of the channel",
        ),
        (
            {"member": set_principal(1, other("Ghost"))},
            "collection member 'Ghost' is not part of the channel",
        ),
        ({"member": set_principal(1, other("EconInfoMSP"))}, ""),
        (
            {"member": set_principal(0, b"\xff")},
            "cannot unmarshal identity bytes into MSPRole: proto: cannot parse invalid wire-format",
        ),
        (
            {"member": set_principal(1, b"\xff")},
            "cannot unmarshal identity bytes into OrganizationUnit: proto: cannot parse invalid",
        ),
        (
            {"member": set_principal(2, b"nobody")},
            "contains an identity that is not part of the channel",
        ),
        ({"member": set_principal(3, b"")}, "principal type ANONYMITY is not supported"),
    ],
)
async def test_collections(world: World, fields: dict[str, Any], text: str) -> None:
    department = world.network.first
    manager = MSPManager([MSP(department.definition)])
    collections = static_collections(collection(**fields))
    if not text:
        check_collections(collections, manager)
        return
    with pytest.raises(ContractError) as caught:
        check_collections(collections, manager)
    assert text in str(caught.value)


async def test_collections_of_a_committed_definition() -> None:
    committed = collection(block_to_live=3)
    check_against_committed([], collection_pb2.CollectionConfigPackage())
    for package, text in (
        (collection_pb2.CollectionConfigPackage(), "does not contain previously defined"),
        (collection(name="new"), r"existing collection \[own\] missing"),
        (collection(block_to_live=4), r"BlockToLive in an existing collection \[own\] modified"),
    ):
        with pytest.raises(ContractError, match=text):
            check_against_committed(static_collections(package), committed)
    check_against_committed(static_collections(committed), committed)
    empty = collection_pb2.CollectionConfigPackage()
    empty.config.add()
    with pytest.raises(ContractError, match="unexpected payload type"):
        static_collections(empty)


async def install(world: World, package: ChaincodePackage) -> str:
    request = lifecycle_pb2.InstallChaincodeArgs(chaincode_install_package=package.data)
    answer = await world.network.system(
        world.network.first, "", "_lifecycle", b"InstallChaincode", request.SerializeToString()
    )
    assert answer.status == 500
    return answer.message


async def test_packages_that_cannot_be_built(world: World) -> None:
    lost = ChaincodePackage.build("lost", {"address": "{{.nowhere}}"})
    assert "map has no entry for key 'nowhere'" in await install(world, lost)
    request = lifecycle_pb2.QueryInstalledChaincodeArgs(package_id=lost.package_id)
    answer = await world.network.system(
        world.network.first,
        "",
        "_lifecycle",
        b"QueryInstalledChaincode",
        request.SerializeToString(),
    )
    assert (answer.status, answer.message) == (
        500,
        (
            "failed to invoke backing implementation of 'QueryInstalledChaincode': could not find "
            f"chaincode with package id '{lost.package_id}'"
        ),
    )
    request.package_id = world.contracts.package_id
    answer = await world.network.system(
        world.network.first,
        "",
        "_lifecycle",
        b"QueryInstalledChaincode",
        request.SerializeToString(),
    )
    found = lifecycle_pb2.QueryInstalledChaincodeResult.FromString(answer.payload)
    assert found.references[CHANNEL].chaincodes[0].name == "asset"


async def test_a_definition_that_is_approved_on_no_channel(world: World) -> None:
    request = lifecycle_pb2.ApproveChaincodeDefinitionForMyOrgArgs(
        name="n", version="1", sequence=1
    )
    answer = await world.network.system(
        world.network.first,
        "",
        "_lifecycle",
        b"ApproveChaincodeDefinitionForMyOrg",
        request.SerializeToString(),
    )
    assert (answer.status, answer.message) == (
        500,
        (
            "failed to invoke backing implementation of 'ApproveChaincodeDefinitionForMyOrg': error "
            "validating chaincode definition: could not get channelconfig for channel ''"
        ),
    )


async def test_event_requests_that_are_incomplete(world: World) -> None:
    gateway = world.gateway
    path = "/gateway.Gateway/CommitStatus"
    for request, text in (
        (gateway_pb2.CommitStatusRequest(channel_id="c"), "no identity provided"),
        (gateway_pb2.CommitStatusRequest(identity=b"i"), "no channel ID provided"),
        (
            gateway_pb2.CommitStatusRequest(identity=b"i", channel_id="c"),
            "transaction ID should not be empty",
        ),
    ):
        signed = gateway_pb2.SignedCommitStatusRequest(request=request.SerializeToString())
        assert await gateway.call(path, signed) == Outcome("INVALID_ARGUMENT", text)
    signed = gateway_pb2.SignedCommitStatusRequest(request=b"\xff")
    answer = await gateway.call(path, signed)
    assert answer.message.startswith("invalid status request: proto: cannot parse")
    for raw, text in (
        (b"", "a chaincode events request is required"),
        (b"\xff", "invalid chaincode events request: proto: cannot parse"),
    ):
        signed_events = gateway_pb2.SignedChaincodeEventsRequest(request=raw)
        events = await gateway.call("/gateway.Gateway/ChaincodeEvents", signed_events)
        assert events.code == "INVALID_ARGUMENT"
        assert events.message.startswith(text)


async def test_unreadable_proposals_and_unknown_channels(world: World) -> None:
    gateway, user = world.gateway, world.network.first.user()
    request = gateway_pb2.EndorseRequest()
    request.proposed_transaction.proposal_bytes = b"\xff"
    unreadable = "error unmarshalling Proposal: proto: cannot parse invalid wire-format data"
    assert await gateway.call("/gateway.Gateway/Endorse", request) == Outcome(
        "INVALID_ARGUMENT", unreadable
    )
    assert await gateway.call(
        "/protos.Endorser/ProcessProposal", request.proposed_transaction
    ) == Outcome("UNKNOWN", f"failed parsing proposal: {unreadable}")
    envelope = sign_envelope(user, common_pb2.Envelope(payload=b"x"))
    assert await gateway.submit("nochan", envelope) == Outcome(
        "FAILED_PRECONDITION",
        "failed to get config for channel [nochan]: could not get last config for channel nochan",
    )
    stranger = Draft(user, "", "asset", [b"get"])
    answer = await gateway.process(stranger)
    assert answer.response.response.message == (
        "make sure the chaincode asset has been successfully defined on channel  and try again: "
        "could not get channel config for channel ''"
    )
