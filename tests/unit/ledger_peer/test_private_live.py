"""Private data collections on a running network: access, members, lifetimes, purges, deliveries."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
import pytest_asyncio
from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.msp import identities_pb2
from fabric_protos.peer import chaincode_shim_pb2, collection_pb2, transaction_pb2

from pyfabric.errors import ValidationCode
from tests.support.contracts.private_contract import (
    ALL,
    COLLECTIONS,
    NAME,
    TWO,
    PrivateNetwork,
    collection,
    private_network,
    serving,
)
from tests.support.ledger.ledger import CHANNEL, LedgerNetwork
from tests.support.ledger.raw_gateway import Outcome, sign_envelope
from tests.unit.ledger_peer.test_streams import deliver, seek

pytestmark = pytest.mark.asyncio(loop_scope="module")

VALID = int(ValidationCode.VALID)
MEMBERS = ("EconInfoMSP", "MktSupMSP")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def net(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PrivateNetwork]:
    async with private_network(tmp_path_factory.mktemp("private")) as made:
        yield made


def endorsers(endorsed: Outcome) -> set[str]:
    """Return the MSP ids whose peers endorsed a prepared transaction."""
    payload = common_pb2.Payload.FromString(endorsed.response.prepared_transaction.payload)
    action = transaction_pb2.Transaction.FromString(payload.data).actions[0]
    body = transaction_pb2.ChaincodeActionPayload.FromString(action.payload)
    return {
        identities_pb2.SerializedIdentity.FromString(one.endorser).mspid
        for one in body.action.endorsements
    }


async def test_members_read_what_a_member_wrote(net: PrivateNetwork) -> None:
    endorsed = await net.gateways["EconInfo"].endorse(
        net.draft("EconInfo", "put", "pair", "other", value="secret")
    )
    assert endorsers(endorsed) == set(MEMBERS)
    assert await net.submit("EconInfo", "put", "pair", "k", value="secret") == VALID
    for department in ("EconInfo", "MktSup"):
        assert await net.read(department, "get", "pair", "k") == b"secret"
    assert await net.read("EconInfo", "get", "pair", "none") == b""
    assert await net.read("Haidian", "hash", "pair", "k") == sha256(b"secret").digest()


async def test_who_is_no_member_is_refused(net: PrivateNetwork) -> None:
    for at in ("Haidian", "EconInfo"):
        refused = await net.evaluate("Haidian", "get", "pair", "k", at=at)
        assert refused.code == "UNKNOWN"
        [(msp_id, text)] = refused.details
        assert msp_id == f"{at}MSP"
        assert text.startswith("chaincode response 500, GET_STATE failed: transaction ID: ")
        assert text.endswith(
            ": tx creator does not have read access permission on privatedata in "
            f"chaincodeName:{NAME} collectionName: pair"
        )
    proposal = net.draft("Haidian", "put", "pair", "k", value="x")
    refused = await net.gateways["Haidian"].endorse(proposal)
    assert (refused.code, refused.details) == (
        "ABORTED",
        (
            (
                "HaidianMSP",
                (
                    f"chaincode response 500, PUT_STATE failed: transaction ID: {proposal.id}: tx "
                    "creator does not have write access permission on privatedata in "
                    f"chaincodeName:{NAME} collectionName: pair"
                ),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("get", "nothing", "k"), f"collection {CHANNEL}/{NAME}/nothing could not be found"),
        (
            ("hash", "nothing", "k"),
            f"collection [nothing] not defined in the collection config for chaincode [{NAME}]",
        ),
        (
            ("put", "_implicit_org_NobodyMSP", "k", "v"),
            (
                "collection [_implicit_org_NobodyMSP] not defined in the collection config for "
                f"chaincode [{NAME}]"
            ),
        ),
        (("query", "open"), "ExecuteQuery not supported for leveldb"),
        (("purge", "", "k"), "only applicable for private data"),
    ],
)
async def test_what_is_refused_to_everybody(
    net: PrivateNetwork, arguments: tuple[str, ...], text: str
) -> None:
    assert await net.read("EconInfo", *arguments) == text


async def test_queries_and_writes_do_not_go_together(net: PrivateNetwork) -> None:
    refused = await net.read("EconInfo", "scan_then_put", "open")
    assert str(refused).endswith("already performed queries on pvt data. Writes are not allowed")
    refused = await net.read("EconInfo", "put_then_scan", "open")
    assert str(refused).endswith("Queries on pvt data is supported only in a read-only transaction")


async def test_a_peer_without_the_values_says_so(net: PrivateNetwork) -> None:
    assert await net.submit("EconInfo", "put", "open", "k", "v") == VALID
    block = net.height - 1
    assert await net.read("Haidian", "get", "open", "k") == (
        "private data matching public hash version is not available. Public hash version = "
        f"{{BlockNum: {block}, TxNum: 0}}, Private data version = <nil>"
    )
    assert await net.read("Haidian", "get", "open", "none") == b""
    assert await net.read("Haidian", "many", "open", "k", "none") == b","
    assert await net.read("MktSup", "many", "open", "k", "none") == b"v,"


async def test_a_collection_may_demand_receivers(net: PrivateNetwork) -> None:
    for sign in (True, False):
        proposal = net.draft("EconInfo", "put", "demanding", "k", value="v")
        gateway = net.gateways["EconInfo"]
        refused = await (gateway.endorse(proposal) if sign else gateway.evaluate(proposal))
        [(_, text)] = refused.details
        assert text == (
            f"error in simulation: failed to distribute private collection, txID {proposal.id}, "
            f"channel {CHANNEL}: could not build private data dissemination plan for chaincode "
            f"{NAME} and collection demanding: required to disseminate to at least 2 peers, but "
            "know of only 1 eligible peers"
        )


async def test_members_fetch_what_was_not_given_to_them(net: PrivateNetwork) -> None:
    assert (
        await net.submit("EconInfo", "put", "unshared", "k", value="v", organizations=MEMBERS)
        == VALID
    )
    for department in ("EconInfo", "MktSup", "Haidian"):
        assert await net.read(department, "get", "unshared", "k") == b"v"


async def test_a_peer_that_is_only_of_a_named_department_is_given_nothing(
    net: PrivateNetwork,
) -> None:
    others = ("MktSupMSP", "HaidianMSP")
    for organizations, key in ((others, "theirs"), (MEMBERS, "ours")):
        assert (
            await net.submit(
                "EconInfo", "put", "clients", key, value="v", organizations=organizations
            )
            == VALID
        )
        assert await net.read("MktSup", "get", "clients", key) == b"v"
    assert await net.read("EconInfo", "get", "clients", "ours") == b"v"
    assert "Private data version = <nil>" in str(
        await net.read("EconInfo", "get", "clients", "theirs")
    )
    assert await net.read("EconInfo", "scan", "clients") == b"ours=v"
    rewritten = await net.submit(
        "EconInfo", "put", "clients", "ours", value="v", organizations=others
    )
    assert rewritten == VALID
    assert "Private data version = {BlockNum: " in str(
        await net.read("EconInfo", "get", "clients", "ours")
    )


async def test_values_and_hashes_live_their_time(net: PrivateNetwork) -> None:
    assert await net.submit("EconInfo", "put", "brief", "k", "v") == VALID
    for _ in range(2):
        assert await net.read("MktSup", "get", "brief", "k") == b"v"
        assert await net.submit("EconInfo", "put", "open", "clock", "x") == VALID
    assert await net.read("MktSup", "scan", "brief") == b"k=v"
    assert await net.submit("EconInfo", "put", "open", "clock", "x") == VALID
    for department in ("EconInfo", "MktSup", "Haidian"):
        assert await net.read(department, "get", "brief", "k") == b""
        assert await net.read(department, "hash", "brief", "k") == b""
        assert await net.read(department, "scan", "brief") == b""


async def test_deleting_ranges_and_batches(net: PrivateNetwork) -> None:
    for key in ("r1", "r2", "r3", "s"):
        assert await net.submit("MktSup", "put", "pair", key, key) == VALID
    assert await net.submit("MktSup", "delete", "pair", "r2") == VALID
    assert await net.read("EconInfo", "scan", "pair", "r", "s") == b"r1=r1,r3=r3"
    assert await net.submit("EconInfo", "batch", "one") == VALID
    assert await net.read("MktSup", "scan", "one") == b"b=2"


async def test_conflicts_of_private_reads(net: PrivateNetwork) -> None:
    gateway = net.gateways["EconInfo"]
    for function in ("increment", "guarded"):
        arguments = ("pair", function) if function == "increment" else ("pair", function, "x")
        envelopes = []
        for _ in range(2):
            proposal = net.draft("EconInfo", function, *arguments)
            endorsed = await gateway.endorse(proposal)
            assert endorsed.code == "OK"
            envelopes.append(
                (
                    proposal,
                    sign_envelope(proposal.identity, endorsed.response.prepared_transaction),
                )
            )
        codes = []
        for _, envelope in envelopes:
            assert (await gateway.submit(CHANNEL, envelope)).code == "OK"
        for proposal, _ in envelopes:
            status = await gateway.status(proposal.identity, CHANNEL, proposal.id)
            codes.append(int(status.response.result))
        assert codes == [VALID, int(ValidationCode.MVCC_READ_CONFLICT)]
    assert await net.read("MktSup", "get", "pair", "increment") == b"1"


async def test_a_purge_takes_the_past_too(net: PrivateNetwork) -> None:
    first = net.height
    assert await net.submit("EconInfo", "put", "pair", "gone", "one") == VALID
    assert await net.submit("EconInfo", "put", "pair", "gone", "two") == VALID
    assert await net.submit("EconInfo", "purge", "pair", "gone") == VALID
    assert await net.read("MktSup", "get", "pair", "gone") == b""
    assert await net.read("MktSup", "hash", "pair", "gone") == b""
    shown = await private_writes(net, "MktSup", "MktSup", first)
    assert shown == [("pair", []), ("pair", []), ("pair", [])]
    assert await net.submit("EconInfo", "put", "pair", "gone", "three") == VALID
    assert await net.read("MktSup", "get", "pair", "gone") == b"three"


async def private_writes(
    net: PrivateNetwork, reader: str, at: str, first: int
) -> list[tuple[str, list[tuple[str, bytes]]]]:
    """Return the collections and writes that a department's user is shown at a peer, from a block on."""
    answers = await deliver(
        net.gateways[at],
        seek(net.network.departments[reader].user(), first, "newest"),
        method="DeliverWithPrivateData",
    )
    return [
        (
            one.collection_name,
            [
                (write.key, write.value)
                for write in kv_rwset_pb2.KVRWSet.FromString(one.rwset).writes
            ],
        )
        for answer in answers[:-1]
        for _, private in sorted(answer.block_and_private_data.private_data_map.items())
        for namespace in private.ns_pvt_rwset
        for one in namespace.collection_pvt_rwset
    ]


async def test_deliveries_show_each_department_what_it_may_see(net: PrivateNetwork) -> None:
    first = net.height
    assert await net.submit("EconInfo", "put", "pair", "d", "1") == VALID
    assert await net.submit("EconInfo", "put", "open", "d", "2") == VALID
    pair, free = ("pair", [("d", b"1")]), ("open", [("d", b"2")])
    assert await private_writes(net, "MktSup", "MktSup", first) == [pair, free]
    assert await private_writes(net, "Haidian", "Haidian", first) == []
    # Who asks a member's peer sees what the collection does not keep for members.
    assert await private_writes(net, "Haidian", "EconInfo", first) == [free]


async def test_collections_have_their_own_endorsement_policies(net: PrivateNetwork) -> None:
    endorsed = await net.gateways["MktSup"].endorse(net.draft("MktSup", "put", "one", "k", "v"))
    assert "EconInfoMSP" in endorsers(endorsed)
    failure = int(ValidationCode.ENDORSEMENT_POLICY_FAILURE)
    only = ("MktSupMSP",)
    assert await net.submit("MktSup", "put", "one", "k", "v", organizations=only) == failure
    only = ("EconInfoMSP",)
    assert await net.submit("MktSup", "put", "one", "k", "v", organizations=only) == VALID
    assert await net.read("MktSup", "get", "one", "k") == b"v"


async def test_transient_data_go_to_members_only(net: PrivateNetwork) -> None:
    proposal = net.draft("EconInfo", "put", "odd", "k", value="v")
    refused = await net.gateways["EconInfo"].endorse(proposal)
    assert (refused.code, refused.message) == (
        "FAILED_PRECONDITION",
        (
            "requires endorsement from organisation(s) that are not in the distribution policy of "
            "the private data collection(s): [odd]; retry specifying trusted endorsing "
            "organizations to protect transient data"
        ),
    )
    without = net.draft("EconInfo", "put", "odd", "k", "v")
    assert await net.submit_proposal("EconInfo", without) == VALID
    assert await net.read("MktSup", "get", "odd", "k") == b"v"


async def test_private_keys_may_have_policies_of_their_own(net: PrivateNetwork) -> None:
    policy = "AND('MktSupMSP.peer', 'EconInfoMSP.peer')"
    assert await net.submit("EconInfo", "put", "one", "sealed", "1") == VALID
    assert await net.submit("EconInfo", "seal", "one", "sealed", policy) == VALID
    answer = await net.read("MktSup", "sealed", "one", "sealed")
    assert isinstance(answer, bytes)
    [entry] = chaincode_shim_pb2.StateMetadataResult.FromString(answer).entries
    assert entry.metakey == "VALIDATION_PARAMETER"
    # The metadata made the hash's version newer: the value is still the one that belongs to it.
    for department in ("EconInfo", "MktSup"):
        assert await net.read(department, "get", "one", "sealed") == b"1"
    failure = int(ValidationCode.ENDORSEMENT_POLICY_FAILURE)
    only = ("EconInfoMSP",)
    code = await net.submit("EconInfo", "put", "one", "sealed", "2", organizations=only)
    assert code == failure
    assert await net.submit("EconInfo", "put", "one", "sealed", "2") == VALID
    assert await net.read("MktSup", "get", "one", "sealed") == b"2"


async def test_what_a_block_brought_is_shown_by_the_rules_of_its_time(tmp_path: Path) -> None:
    def rules(*, closed: bool) -> collection_pb2.CollectionConfigPackage:
        changing = collection("changing", TWO, member_only_read=closed)
        widening = collection("widening", TWO if closed else ALL, member_only_read=True)
        return collection_pb2.CollectionConfigPackage(
            config=[
                collection_pb2.CollectionConfig(static_collection_config=one)
                for one in (changing, widening)
            ]
        )

    network = LedgerNetwork.make(tmp_path)
    async with network.running():
        await network.create_channel()
        package_id = await network.deploy(NAME, collections=rules(closed=True))
        async with serving(network, package_id) as net:
            first = net.height
            for name in ("changing", "widening"):
                assert await net.submit("EconInfo", "put", name, "k", "closed") == VALID
            await network.deploy(NAME, sequence=2, collections=rules(closed=False))
            for name in ("changing", "widening"):
                assert await net.submit("EconInfo", "put", name, "k", "open") == VALID
            assert await net.read("Haidian", "get", "widening", "k") == b"open"
            closed = [(name, [("k", b"closed")]) for name in ("changing", "widening")]
            opened = [(name, [("k", b"open")]) for name in ("changing", "widening")]
            for reader, expected in (("MktSup", [*closed, *opened]), ("Haidian", opened)):
                shown = await private_writes(net, reader, "EconInfo", first)
                assert [one for one in shown if one in closed + opened] == expected


async def test_values_survive_a_restart(tmp_path: Path) -> None:
    network = LedgerNetwork.make(tmp_path)
    async with network.running():
        await network.create_channel()
        package_id = await network.deploy(NAME, collections=COLLECTIONS)
        async with serving(network, package_id) as net:
            assert await net.submit("EconInfo", "put", "pair", "k", "v") == VALID
    async with network.running(), serving(network, package_id) as net:
        assert await net.read("MktSup", "get", "pair", "k") == b"v"
        assert await net.submit("MktSup", "increment", "pair", "n") == VALID
        assert await net.read("EconInfo", "get", "pair", "n") == b"1"
