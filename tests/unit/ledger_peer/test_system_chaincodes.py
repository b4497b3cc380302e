"""`_lifecycle`, `cscc` and `qscc` over the wire, with the texts of real peers."""

import json
from pathlib import Path

import pytest
from fabric_protos.common import common_pb2, configtx_pb2, ledger_pb2
from fabric_protos.peer import query_pb2, transaction_pb2
from fabric_protos.peer.lifecycle import lifecycle_pb2

from pyfabric.client.transactions import ProposalAnswer
from pyfabric.messages.blocks import header_hash
from tests.support.ledger.ledger import CHANNEL, Department, contract_package
from tests.support.ledger.raw_gateway import Draft
from tests.unit.ledger_peer.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOT_ADMIN = (
    "Failed to authorize invocation due to failed ACL check: Failed verifying that proposal's "
    "creator satisfies local MSP principal during channelless check policy with policy [Admins]: "
    "[The identity is not an admin under this MSP [EconInfoMSP]: The identity does not contain OU "
    "[ADMIN], MSP: [EconInfoMSP]]"
)
BACKING = "failed to invoke backing implementation of"
ONES = b"1" * 64


async def ask(world: World, channel: str, chaincode: str, *arguments: bytes) -> ProposalAnswer:
    return await world.network.system(world.network.first, channel, chaincode, *arguments)


async def as_user(world: World, channel: str, chaincode: str, *arguments: bytes) -> ProposalAnswer:
    first = world.network.first
    return await world.network.system(first, channel, chaincode, *arguments, identity=first.user())


async def lifecycle(
    world: World, function: str, request: object, *, department: Department | None = None
) -> ProposalAnswer:
    raw = request.SerializeToString()  # type: ignore[attr-defined]
    return await world.network.system(
        department or world.network.first, CHANNEL, "_lifecycle", function.encode(), raw
    )


async def test_chain_info_and_blocks(world: World) -> None:
    info = ledger_pb2.BlockchainInfo.FromString(
        (await as_user(world, CHANNEL, "qscc", b"GetChainInfo", CHANNEL.encode())).payload
    )
    number = str(info.height - 1).encode()
    raw = (
        await as_user(world, CHANNEL, "qscc", b"GetBlockByNumber", CHANNEL.encode(), number)
    ).payload
    block = common_pb2.Block.FromString(raw)
    assert header_hash(block.header) == info.currentBlockHash
    assert block.header.previous_hash == info.previousBlockHash
    by_hash = await as_user(
        world, CHANNEL, "qscc", b"GetBlockByHash", CHANNEL.encode(), info.currentBlockHash
    )
    assert by_hash.payload == raw
    payload = common_pb2.Payload.FromString(
        common_pb2.Envelope.FromString(block.data.data[0]).payload
    )
    header = common_pb2.ChannelHeader.FromString(payload.header.channel_header)
    name = header.tx_id.encode()
    by_id = await as_user(world, CHANNEL, "qscc", b"GetBlockByTxID", CHANNEL.encode(), name)
    assert by_id.payload == raw
    processed = transaction_pb2.ProcessedTransaction.FromString(
        (
            await as_user(world, CHANNEL, "qscc", b"GetTransactionByID", CHANNEL.encode(), name)
        ).payload
    )
    assert processed.validationCode == 0
    assert processed.transactionEnvelope.SerializeToString() == block.data.data[0]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            [b"GetBlockByNumber", b"C", b"99999999"],
            "Failed to get block number 99999999, error no such block number [99999999] in index",
        ),
        (
            [b"GetBlockByNumber", b"C", b"x"],
            'Failed to parse block number with error strconv.ParseUint: parsing "x": invalid syntax',
        ),
        (
            [b"GetBlockByNumber", b"C", b"18446744073709551616"],
            (
                "Failed to parse block number with error strconv.ParseUint: parsing "
                '"18446744073709551616": value out of range'
            ),
        ),
        (
            [b"GetTransactionByID", b"C", ONES],
            (
                f"Failed to get transaction with id {'1' * 64}, error no such transaction ID "
                f"[{'1' * 64}] in index"
            ),
        ),
        (
            [b"GetBlockByTxID", b"C", ONES],
            (
                f"Failed to get block for txID {'1' * 64}, error no such transaction ID "
                f"[{'1' * 64}] in index"
            ),
        ),
        (
            [b"GetBlockByHash", b"C", b"\x11" * 32],
            f"Failed to get block hash {chr(17) * 32}, error no such block hash [{'11' * 32}] in index",
        ),
        ([b"GetChainInfo", b"nochan"], "Invalid chain ID, nochan"),
        ([b"Nope", b"C"], "missing 3rd argument for Nope"),
        ([b"GetBlockByNumber", b"C"], "missing 3rd argument for GetBlockByNumber"),
        ([b"GetChainInfo"], "Incorrect number of arguments, 1"),
        (
            [b"Nope", b"C", b"x"],
            f"access denied for [Nope][{CHANNEL}]: [Unmapped policy for qscc/Nope]",
        ),
    ],
)
async def test_qscc_refusals(world: World, arguments: list[bytes], text: str) -> None:
    real = [CHANNEL.encode() if one == b"C" else one for one in arguments]
    answer = await as_user(world, CHANNEL, "qscc", *real)
    assert (answer.status, answer.message) == (500, text)


async def test_cscc(world: World) -> None:
    for channel in ("", CHANNEL):
        answer = await as_user(world, channel, "cscc", b"GetChannels")
        found = query_pb2.ChannelQueryResponse.FromString(answer.payload).channels
        assert [one.channel_id for one in found] == [CHANNEL]
    block = await as_user(world, CHANNEL, "cscc", b"GetConfigBlock", CHANNEL.encode())
    assert common_pb2.Block.FromString(block.payload).data == world.network.genesis.data
    config = await as_user(world, CHANNEL, "cscc", b"GetChannelConfig", CHANNEL.encode())
    assert "Application" in configtx_pb2.Config.FromString(config.payload).channel_group.groups
    unknown = await as_user(world, "", "cscc", b"GetConfigBlock", b"nochan")
    assert unknown.message == (
        "access denied for [GetConfigBlock][nochan]: Failed to get policy manager for channel "
        "[nochan]"
    )


async def test_joining_again_and_with_junk(world: World) -> None:
    block = world.network.genesis.SerializeToString()
    answer = await ask(world, "", "cscc", b"JoinChain", block)
    assert (answer.status, answer.message) == (
        500,
        (
            f"cannot create ledger from genesis block: ledger [{CHANNEL}] already exists with state "
            "[ACTIVE]"
        ),
    )
    answer = await ask(world, "", "cscc", b"JoinChain", b"\xff\xff")
    assert answer.message == (
        "Failed to reconstruct the genesis block, error unmarshalling Block: proto: cannot parse "
        "invalid wire-format data"
    )
    answer = await as_user(world, "", "cscc", b"JoinChain", block)
    assert answer.message.startswith(f"access denied for [JoinChain][{CHANNEL}]: [Failed verifying")
    answer = await ask(world, "", "cscc", b"JoinChainBySnapshot", b"/snapshot")
    assert answer.message == (
        "cannot join from a snapshot: not supported by the development ledger"
    )
    answer = await ask(world, "", "cscc", b"Nope", b"x")
    assert answer.message == "Requested function Nope not found."


async def test_only_administrators_install_and_approve(world: World) -> None:
    for function in (
        b"InstallChaincode",
        b"QueryInstalledChaincodes",
        b"ApproveChaincodeDefinitionForMyOrg",
        b"QueryApprovedChaincodeDefinitions",
    ):
        for channel in ("", CHANNEL):
            answer = await as_user(world, channel, "_lifecycle", function, b"")
            assert (answer.status, answer.message) == (500, NOT_ADMIN)


async def test_installed_packages(world: World) -> None:
    package = contract_package("asset")
    answer = await ask(world, "", "_lifecycle", b"QueryInstalledChaincodes", b"")
    (installed,) = lifecycle_pb2.QueryInstalledChaincodesResult.FromString(
        answer.payload
    ).installed_chaincodes
    assert (installed.package_id, installed.label) == (package.package_id, "asset")
    assert installed.references[CHANNEL].chaincodes[0].name == "asset"
    request = lifecycle_pb2.GetInstalledChaincodePackageArgs(package_id=package.package_id)
    answer = await ask(
        world, "", "_lifecycle", b"GetInstalledChaincodePackage", request.SerializeToString()
    )
    result = lifecycle_pb2.GetInstalledChaincodePackageResult.FromString(answer.payload)
    assert result.chaincode_install_package == package.data
    request = lifecycle_pb2.GetInstalledChaincodePackageArgs(package_id="nope:00")
    answer = await lifecycle(world, "GetInstalledChaincodePackage", request)
    assert answer.message == (
        f"{BACKING} 'GetInstalledChaincodePackage': could not load cc install package: chaincode "
        "install package 'nope:00' not found"
    )
    request = lifecycle_pb2.InstallChaincodeArgs(chaincode_install_package=package.data)
    answer = await lifecycle(world, "InstallChaincode", request)
    assert answer.message == (
        f"{BACKING} 'InstallChaincode': chaincode already successfully installed (package ID "
        f"'{package.package_id}')"
    )
    request = lifecycle_pb2.InstallChaincodeArgs(chaincode_install_package=b"junk")
    answer = await lifecycle(world, "InstallChaincode", request)
    assert answer.message.startswith(
        f"{BACKING} 'InstallChaincode': could not parse as a chaincode install package: "
    )


async def test_committed_definitions(world: World) -> None:
    answer = await as_user(world, CHANNEL, "_lifecycle", b"QueryChaincodeDefinitions", b"")
    (defined,) = lifecycle_pb2.QueryChaincodeDefinitionsResult.FromString(
        answer.payload
    ).chaincode_definitions
    assert (defined.name, defined.version, defined.sequence) == ("asset", "1.0", 1)
    assert (defined.endorsement_plugin, defined.validation_plugin) == ("escc", "vscc")
    request = lifecycle_pb2.QueryChaincodeDefinitionArgs(name="asset")
    answer = await lifecycle(world, "QueryChaincodeDefinition", request)
    result = lifecycle_pb2.QueryChaincodeDefinitionResult.FromString(answer.payload)
    assert dict(result.approvals) == dict.fromkeys(world.network.all_msp_ids, True)
    request = lifecycle_pb2.QueryChaincodeDefinitionArgs(name="nocc")
    answer = await lifecycle(world, "QueryChaincodeDefinition", request)
    assert (answer.status, answer.message) == (404, "namespace nocc is not defined")
    through_gateway = await world.gateway.evaluate(
        Draft(
            world.network.first.user(),
            CHANNEL,
            "_lifecycle",
            [b"QueryChaincodeDefinition", request.SerializeToString()],
        )
    )
    assert through_gateway.details == (
        ("EconInfoMSP", "chaincode response 404, namespace nocc is not defined"),
    )


async def test_approved_definitions(world: World) -> None:
    package_id = world.contracts.package_id
    request = lifecycle_pb2.QueryApprovedChaincodeDefinitionArgs(name="asset")
    for department in world.network.departments.values():
        answer = await lifecycle(
            world, "QueryApprovedChaincodeDefinition", request, department=department
        )
        result = lifecycle_pb2.QueryApprovedChaincodeDefinitionResult.FromString(answer.payload)
        assert result.source.local_package.package_id == package_id
    answer = await lifecycle(
        world,
        "QueryApprovedChaincodeDefinitions",
        lifecycle_pb2.QueryApprovedChaincodeDefinitionsArgs(),
    )
    found = lifecycle_pb2.QueryApprovedChaincodeDefinitionsResult.FromString(answer.payload)
    assert [one.name for one in found.approved_chaincode_definitions] == ["asset"]
    request = lifecycle_pb2.QueryApprovedChaincodeDefinitionArgs(name="nocc")
    answer = await lifecycle(world, "QueryApprovedChaincodeDefinition", request)
    assert answer.message == (
        f"{BACKING} 'QueryApprovedChaincodeDefinition': could not fetch approved chaincode "
        f"definition (name: 'nocc', sequence: '0') on channel '{CHANNEL}'"
    )


APPROVE = "ApproveChaincodeDefinitionForMyOrg"


def approval(**fields: object) -> lifecycle_pb2.ApproveChaincodeDefinitionForMyOrgArgs:
    given = {"name": "asset", "version": "1.0", "sequence": 1, **fields}
    package_id = given.pop("package_id", "")
    request = lifecycle_pb2.ApproveChaincodeDefinitionForMyOrgArgs(**given)
    if package_id:
        request.source.local_package.package_id = package_id
    return request


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"package_id": "own"},
            "attempted to redefine the current committed sequence (1) for namespace asset",
        ),
        (
            {"version": "9"},
            (
                "attempted to redefine the current committed sequence (1) for namespace asset with "
                "different parameters: expected Version '1.0' does not match passed Version '9'"
            ),
        ),
        (
            {"sequence": 5},
            "requested sequence 5 is larger than the next available sequence number 2",
        ),
        (
            {"name": "new", "sequence": 0},
            "requested sequence is 0, but first definable sequence number is 1",
        ),
        (
            {"name": "bad name"},
            (
                "error validating chaincode definition: invalid chaincode name 'bad name'. Names can "
                "only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics"
            ),
        ),
        (
            {"version": "v 1"},
            (
                "error validating chaincode definition: invalid chaincode version 'v 1'. Versions can "
                "only consist of alphanumerics, '_', '-', '+', and '.'"
            ),
        ),
        (
            {"name": "qscc"},
            (
                "error validating chaincode definition: chaincode name 'qscc' is the name of a system "
                "chaincode"
            ),
        ),
    ],
)
async def test_approvals_that_are_refused(
    world: World, fields: dict[str, object], text: str
) -> None:
    if fields.get("package_id") == "own":
        fields = {"package_id": world.contracts.package_id}
    answer = await lifecycle(world, APPROVE, approval(**fields))
    assert (answer.status, answer.message) == (500, f"{BACKING} '{APPROVE}': {text}")


async def test_collections_that_real_peers_refused(world: World, vectors: Path) -> None:
    errors = json.loads((vectors / "5-channel-history" / "lifecycle-errors.json").read_text())
    expected = {
        one["what"]: one["error"].partition("error validating chaincode definition: ")[2]
        for one in errors
        if one["what"].startswith("approve: ")
    }
    cases = {
        "approve: duplicate collection names": [{"name": "duo"}, {"name": "duo"}],
        "approve: collection name with a space": [{"name": "a b"}],
        "approve: collection name with leading underscore": [{"name": "_x"}],
    }
    for what, collections in cases.items():
        request = approval(name="collerr")
        for one in collections:
            config = request.collections.config.add().static_collection_config
            config.name = one["name"]
            config.maximum_peer_count = 1
            policy = config.member_orgs_policy.signature_policy
            policy.rule.n_out_of.n = 1
            policy.rule.n_out_of.rules.add().signed_by = 0
            principal = policy.identities.add()
            principal.principal = b"\x0a\x0bEconInfoMSP"
        answer = await lifecycle(world, APPROVE, request)
        assert expected[what]
        assert answer.message.endswith(expected[what])


async def test_commits_that_are_refused(world: World) -> None:
    function = "CommitChaincodeDefinition"
    again = lifecycle_pb2.CommitChaincodeDefinitionArgs(name="asset", version="1.0", sequence=1)
    answer = await lifecycle(world, function, again)
    assert answer.message == (
        f"{BACKING} '{function}': requested sequence is 1, but new definition must be sequence 2"
    )
    new = lifecycle_pb2.CommitChaincodeDefinitionArgs(name="newcc", version="1.0", sequence=1)
    answer = await lifecycle(world, function, new)
    assert answer.message == (
        f"{BACKING} '{function}': chaincode definition not agreed to by this org (EconInfoMSP)"
    )
    ready = lifecycle_pb2.CheckCommitReadinessArgs(name="newcc", version="1.0", sequence=1)
    answer = await lifecycle(world, "CheckCommitReadiness", ready)
    result = lifecycle_pb2.CheckCommitReadinessResult.FromString(answer.payload)
    assert dict(result.approvals) == dict.fromkeys(world.network.all_msp_ids, False)
    assert list(result.mismatches["HaidianMSP"].items) == ["ChaincodeParameters"]


async def test_arguments_of_lifecycle(world: World) -> None:
    answer = await ask(world, CHANNEL, "_lifecycle")
    assert answer.message == "lifecycle scc must be invoked with arguments"
    answer = await ask(world, CHANNEL, "_lifecycle", b"QueryChaincodeDefinitions")
    assert answer.message == (
        "lifecycle scc operations require exactly two arguments but received 1"
    )
    answer = await ask(world, CHANNEL, "_lifecycle", b"Nope", b"")
    assert answer.message == (
        "Failed to authorize invocation due to failed ACL check: Unmapped policy for "
        "_lifecycle/Nope"
    )
    answer = await ask(world, CHANNEL, "_lifecycle", b"QueryChaincodeDefinition", b"\xff")
    assert answer.message == (
        f"{BACKING} 'QueryChaincodeDefinition': could not decode input arg for "
        "*lifecycle.Invocation.QueryChaincodeDefinition: proto: cannot parse invalid wire-format "
        "data"
    )
    answer = await ask(world, "", "_lifecycle", b"QueryChaincodeDefinitions", b"")
    assert answer.message.endswith(
        "[MSP Principal role [/Channel/Application/Writers] not recognized]"
    )
