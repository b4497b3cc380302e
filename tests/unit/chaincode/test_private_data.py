"""Private data on the test ledger: who may, who has it, how long, and what a peer refuses."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from fabric_protos.peer import chaincode_shim_pb2 as shim

from pyfabric.chaincode import Chaincode, Context, Contract, transaction
from pyfabric.chaincode.requests import Request, get_hash
from pyfabric.chaincode.results import read_key_values
from pyfabric.chaincode.testing import CollectionConfig, TestLedger, identity
from pyfabric.errors import CommitError, ConfigError, ContractError, ValidationCode
from pyfabric.identity.signing import Identity

ORGANIZATIONS = ["Org1MSP", "Org2MSP", "Org3MSP"]
ONE, TWO, THREE = (identity(msp_id) for msp_id in ORGANIZATIONS)
PAIR = "OR('Org1MSP.member', 'Org2MSP.member')"
ALL = "OR('Org1MSP.member', 'Org2MSP.member', 'Org3MSP.member')"
COLLECTIONS = [
    CollectionConfig(name="pair", policy=PAIR, member_only_read=True, member_only_write=True),
    CollectionConfig(name="open", policy=PAIR),
    CollectionConfig(name="brief", policy=ALL, block_to_live=2),
    CollectionConfig(name="demanding", policy=PAIR, required_peer_count=2, maximum_peer_count=2),
    CollectionConfig(name="unshared", policy=PAIR, maximum_peer_count=0),
    CollectionConfig(name="clients", policy="OR('Org1MSP.client')", member_only_read=True),
]
HASH = sha256(b"v").digest()


class Secrets(Contract):
    """Does one thing after another: each step is an action, a collection ("" is public) and a key."""

    @transaction
    def run(self, ctx: Context, steps: list[list[str]]) -> list[str]:
        return [self._do(ctx, *step) for step in steps]

    def _do(
        self, ctx: Context, action: str, collection: str, key: str = "", value: str = ""
    ) -> str:
        state = ctx.stub.collection(collection) if collection else ctx.stub
        found = ACTIONS[action](state, key, value)
        return found if isinstance(found, str) else (found or b"").decode()


ACTIONS: dict[str, Callable[[Any, str, str], str | bytes | None]] = {
    "batch": lambda state, _key, _value: state.start_write_batch(),
    "put": lambda state, key, value: state.put_state(key, (value or "v").encode()),
    "delete": lambda state, key, _: state.delete_state(key),
    "purge": lambda state, key, _: state.purge(key),
    "get": lambda state, key, _: state.get_state(key),
    "many": lambda state, key, _: state.get_multiple_states([key])[0],
    "hash": lambda state, key, _: (state.get_hash(key) or b"").hex(),
    "raw hash": lambda state, key, _: state._ask(get_hash(key, "")),
    "raw page": lambda state, _key, _value: ",".join(
        key
        for key, _ in state._ask(
            Request(
                shim.ChaincodeMessage.GET_STATE_BY_RANGE,
                shim.GetStateByRange(
                    collection="open", metadata=shim.QueryMetadata(pageSize=2).SerializeToString()
                ).SerializeToString(),
                read_key_values,
            )
        ).items
    ),
    "range": lambda state, _key, _value: ",".join(key for key, _ in state.get_state_range()),
    "page": lambda state, _key, _value: ",".join(
        key for key, _ in state.get_state_range_with_pagination("", "", 1).items
    ),
    "rich": lambda state, _key, _value: ",".join(key for key, _ in state.get_query_result("{}")),
    "rich page": lambda state, _key, _value: str(
        state.get_query_result_with_pagination("{}", 1).count
    ),
    "protect": lambda state, key, _: state.set_state_validation_parameter(key, b"policy"),
    "policy": lambda state, key, _: state.get_state_validation_parameter(key),
}


@pytest.fixture
def ledger() -> TestLedger:
    return TestLedger(Chaincode([Secrets()]), collections=COLLECTIONS, organizations=ORGANIZATIONS)


def run(ledger: TestLedger, *steps: list[str], **options: Any) -> list[str]:
    """Submit a transaction of these steps."""
    found: list[str] = json.loads(ledger.submit("run", list(steps), **options))
    return found


READ_ONLY = (
    "unsuppored transaction. Queries on pvt data is supported only in a read-only transaction"
)
AFTER_QUERY = (
    "unsuppored transaction. Transaction has already performed queries on pvt data. Writes are not "
    "allowed"
)
AFTER_PAGE = (
    "unsuppored transaction. Transaction has already performed a paginated query. Writes are not "
    "allowed"
)
BEFORE_PAGE = (
    "unsuppored transaction. Paginated queries are supported only in a read-only transaction"
)
READ = "tx creator does not have read access permission on privatedata in chaincodeName:chaincode "
WRITE = (
    "tx creator does not have write access permission on privatedata in chaincodeName:chaincode "
)
UNKNOWN = "collection channel/chaincode/none could not be found"
ABSENT = "collection [{}] not defined in the collection config for chaincode [chaincode]"
STRANGE = "_implicit_org_Org9MSP"


@pytest.mark.parametrize(
    ("steps", "kind", "text"),
    [
        ([["put", "none", "k"]], "PUT_STATE", UNKNOWN),
        ([["get", "none", "k"]], "GET_STATE", UNKNOWN),
        ([["many", "none", "k"]], "GET_STATE_MULTIPLE", UNKNOWN),
        ([["delete", "none", "k"]], "DEL_STATE", UNKNOWN),
        ([["purge", "none", "k"]], "PURGE_PRIVATE_DATA", UNKNOWN),
        ([["range", "none"]], "GET_STATE_BY_RANGE", UNKNOWN),
        ([["rich", "none"]], "GET_QUERY_RESULT", UNKNOWN),
        ([["protect", "none", "k"]], "PUT_STATE_METADATA", UNKNOWN),
        ([["policy", "none", "k"]], "GET_STATE_METADATA", UNKNOWN),
        ([["hash", "none", "k"]], "GET_PRIVATE_DATA_HASH", ABSENT.format("none")),
        ([["put", STRANGE, "k"]], "PUT_STATE", ABSENT.format(STRANGE)),
        ([["get", STRANGE, "k"]], "GET_STATE", ABSENT.format(STRANGE)),
        ([["range", STRANGE]], "GET_STATE_BY_RANGE", ABSENT.format(STRANGE)),
        ([["batch", ""], ["put", "none", "k"]], "WRITE_BATCH_STATE", UNKNOWN),
        ([["range", "open"], ["put", "", "k"]], "PUT_STATE", AFTER_QUERY),
        ([["range", "open"], ["put", "open", "k"]], "PUT_STATE", AFTER_QUERY),
        ([["range", "open"], ["delete", "", "k"]], "DEL_STATE", AFTER_QUERY),
        ([["range", "open"], ["purge", "open", "k"]], "PURGE_PRIVATE_DATA", AFTER_QUERY),
        ([["range", "open"], ["protect", "open", "k"]], "PUT_STATE_METADATA", AFTER_QUERY),
        ([["range", "open"], ["protect", "", "k"]], "PUT_STATE_METADATA", AFTER_QUERY),
        ([["put", "", "k"], ["range", "open"]], "GET_STATE_BY_RANGE", READ_ONLY),
        ([["put", "open", "k"], ["range", "open"]], "GET_STATE_BY_RANGE", READ_ONLY),
        ([["protect", "", "k"], ["range", "open"]], "GET_STATE_BY_RANGE", READ_ONLY),
        ([["put", "", "k"], ["range", STRANGE]], "GET_STATE_BY_RANGE", READ_ONLY),
        ([["put", "", "k"], ["rich", "open"]], "GET_QUERY_RESULT", READ_ONLY),
        ([["page", ""], ["put", "", "k"]], "PUT_STATE", AFTER_PAGE),
        ([["page", ""], ["put", "open", "k"]], "PUT_STATE", AFTER_PAGE),
        ([["page", ""], ["range", "open"], ["put", "", "k"]], "PUT_STATE", AFTER_QUERY),
        ([["put", "open", "k"], ["page", ""]], "GET_STATE_BY_RANGE", BEFORE_PAGE),
        ([["put", "", "k"], ["rich page", ""]], "GET_QUERY_RESULT", BEFORE_PAGE),
        ([["rich", ""]], "GET_QUERY_RESULT", "ExecuteQuery not supported for leveldb"),
        ([["rich", "open"]], "GET_QUERY_RESULT", "ExecuteQuery not supported for leveldb"),
        (
            [["rich page", ""]],
            "GET_QUERY_RESULT",
            "ExecuteQueryWithMetadata not supported for leveldb",
        ),
    ],
)
def test_what_a_peer_refuses_has_its_text(
    ledger: TestLedger, steps: list[list[str]], kind: str, text: str
) -> None:
    with pytest.raises(ContractError) as refused:
        run(ledger, *steps)
    before, _, after = str(refused.value).partition(" failed: transaction ID: ")
    transaction_id, _, problem = after.partition(": ")
    prefix = f"txid [{transaction_id}]: " if text.startswith("unsuppored") else ""
    assert (before, problem) == (kind, prefix + text)
    assert len(transaction_id) == 64


@pytest.mark.parametrize(
    ("action", "collection", "text"),
    [
        ("get", "pair", READ + "collectionName: pair"),
        ("many", "pair", READ + "collectionName: pair"),
        ("range", "pair", READ + "collectionName: pair"),
        ("rich", "pair", READ + "collectionName: pair"),
        ("policy", "pair", READ + "collectionName: pair"),
        ("put", "pair", WRITE + "collectionName: pair"),
        ("delete", "pair", WRITE + "collectionName: pair"),
        ("purge", "pair", WRITE + "collectionName: pair"),
        ("protect", "pair", WRITE + "collectionName: pair"),
        ("get", "clients", READ + "collectionName: clients"),
    ],
)
def test_those_outside_a_collection_are_refused(
    ledger: TestLedger, action: str, collection: str, text: str
) -> None:
    with pytest.raises(ContractError, match=f": {text}$"):
        run(ledger, [action, collection, "k"], as_=THREE)


def test_a_policy_may_ask_for_a_role(ledger: TestLedger) -> None:
    assert run(ledger, ["get", "clients", "k"], as_=ONE) == [""]
    peer = identity("Org1MSP", unit="peer")
    with pytest.raises(ContractError, match=READ):
        run(ledger, ["get", "clients", "k"], as_=peer)
    run(ledger, ["put", "clients", "k"], as_=peer)


@pytest.mark.parametrize("creator", [b"no certificate", b""])
def test_a_creator_that_is_no_identity_is_no_member(ledger: TestLedger, creator: bytes) -> None:
    with pytest.raises(ContractError, match=READ):
        run(ledger, ["get", "pair", "k"], as_=Identity("Org1MSP", creator))


def test_members_keep_the_values_and_all_peers_the_hashes(ledger: TestLedger) -> None:
    run(ledger, ["put", "open", "k"])
    kept = [ledger.private_state("open", "k", of=each) for each in ORGANIZATIONS]
    assert kept == [b"v", b"v", None]
    assert ledger.private_hash("open", "k") == HASH
    assert ledger.state("k") is None
    for each in (ONE, TWO):
        assert run(ledger, ["get", "open", "k"], ["range", "open"], as_=each) == ["v", "k"]
        assert run(ledger, ["many", "open", "k"], as_=each) == ["v"]
    assert run(ledger, ["hash", "open", "k"], ["range", "open"], as_=THREE) == [HASH.hex(), ""]
    # As on Fabric, this reads a version that the peer does not have: the transaction cannot commit.
    assert json.loads(ledger.evaluate("run", [["many", "open", "k"]], as_=THREE)) == [""]
    with pytest.raises(CommitError, match="MVCC_READ_CONFLICT"):
        run(ledger, ["many", "open", "k"], as_=THREE)
    missing = (
        "private data matching public hash version is not available. Public hash version = "
        r"\{BlockNum: 1, TxNum: 0\}, Private data version = <nil>"
    )
    with pytest.raises(ContractError, match=missing):
        run(ledger, ["get", "open", "k"], as_=THREE)
    assert run(ledger, ["get", "open", "k"], as_=THREE, endorser="Org2MSP") == ["v"]


def test_what_nobody_was_given_is_lost_for_all_but_the_endorser(ledger: TestLedger) -> None:
    run(ledger, ["put", "unshared", "k"], as_=ONE)
    kept = [ledger.private_state("unshared", "k", of=each) for each in ORGANIZATIONS]
    assert kept == [b"v", b"v", None]  # a member fetches it from the endorser
    run(ledger, ["put", "unshared", "lost"], as_=THREE)
    kept = [ledger.private_state("unshared", "lost", of=each) for each in ORGANIZATIONS]
    assert kept == [None, None, None]  # nobody asks a peer that is no member
    assert ledger.private_hash("unshared", "lost") == HASH
    with pytest.raises(ContractError, match="private data matching public hash version"):
        run(ledger, ["get", "unshared", "lost"])
    run(ledger, ["put", "open", "given"], as_=THREE)
    kept = [ledger.private_state("open", "given", of=each) for each in ORGANIZATIONS]
    assert kept == [b"v", b"v", None]


def test_an_endorser_must_find_as_many_members_as_required(ledger: TestLedger) -> None:
    with pytest.raises(ContractError) as refused:
        run(ledger, ["put", "demanding", "k"])
    assert str(refused.value).startswith("error in simulation: failed to distribute private ")
    assert str(refused.value).endswith(
        ", channel channel: could not build private data dissemination plan for chaincode chaincode "
        "and collection demanding: required to disseminate to at least 2 peers, but know of only 1 "
        "eligible peers"
    )
    run(ledger, ["put", "demanding", "k"], as_=THREE)
    assert ledger.private_state("demanding", "k", of="Org2MSP") == b"v"


def test_each_organisation_has_an_implicit_collection(ledger: TestLedger) -> None:
    run(ledger, ["put", "_implicit_org_Org2MSP", "k"], as_=ONE)
    kept = [ledger.private_state("_implicit_org_Org2MSP", "k", of=each) for each in ORGANIZATIONS]
    assert kept == [None, None, None]  # implicit collections give nothing away
    run(ledger, ["put", "_implicit_org_Org2MSP", "k"], as_=TWO)
    assert ledger.private_state("_implicit_org_Org2MSP", "k", of="Org2MSP") == b"v"
    assert run(ledger, ["get", "_implicit_org_Org2MSP", "k"], as_=TWO) == ["v"]


def test_deleting_purging_and_writing_again(ledger: TestLedger) -> None:
    for action in ("delete", "purge"):
        run(ledger, ["put", "open", "k"])
        run(ledger, [action, "open", "k"])
        assert ledger.private_hash("open", "k") is None
        assert ledger.private_state("open", "k", of="Org2MSP") is None
        assert run(ledger, ["get", "open", "k"], as_=TWO) == [""]
    run(ledger, ["purge", "open", "k"], ["put", "open", "k", "again"])
    assert run(ledger, ["get", "open", "k"], as_=TWO) == ["again"]
    first = ledger.endorse("run", [["purge", "open", "k"]])
    second = ledger.endorse("run", [["put", "open", "k", "later"]])
    assert ledger.commit([first, second]) == [ValidationCode.VALID] * 2
    assert run(ledger, ["get", "open", "k"], as_=TWO) == ["later"]


def test_one_transaction_may_write_in_two_collections(ledger: TestLedger) -> None:
    run(ledger, ["put", "open", "k", "1"], ["put", "pair", "k", "2"], ["put", "", "k", "3"])
    read = [["get", each, "k"] for each in ("open", "pair", "")]
    assert run(ledger, *read, as_=TWO) == ["1", "2", "3"]


def test_of_two_writes_in_a_block_the_last_one_stays(ledger: TestLedger) -> None:
    run(ledger, ["put", "open", "k"])
    writes = [ledger.endorse("run", [["put", "open", "k", value]]) for value in ("a", "b")]
    assert ledger.commit(writes) == [ValidationCode.VALID] * 2
    assert run(ledger, ["get", "open", "k"], as_=TWO) == ["b"]
    put, gone = (ledger.endorse("run", [[each, "open", "k"]]) for each in ("put", "delete"))
    ledger.commit([put, gone])
    assert run(ledger, ["get", "open", "k"], as_=TWO) == [""]


def test_a_policy_of_a_private_key_changes_its_version_for_all(ledger: TestLedger) -> None:
    run(ledger, ["put", "open", "k"])
    run(ledger, ["protect", "open", "k"])
    assert run(ledger, ["policy", "open", "k"], as_=THREE) == ["policy"]
    assert run(ledger, ["get", "open", "k"], as_=TWO) == ["v"]


def test_private_reads_conflict_like_public_ones(ledger: TestLedger) -> None:
    for look in ("get", "hash"):
        run(ledger, ["put", "open", "k"])
        reading = ledger.endorse("run", [[look, "open", "k"], ["put", "", "seen"]])
        run(ledger, ["put", "open", "k", "new"])
        assert ledger.commit([reading]) == [ValidationCode.MVCC_READ_CONFLICT]
        run(ledger, ["delete", "open", "k"])
        writing = ledger.endorse("run", [["put", "open", "k"]])
        reading = ledger.endorse("run", [[look, "open", "k"], ["put", "", "seen"]])
        assert ledger.commit([writing, reading]) == [
            ValidationCode.VALID,
            ValidationCode.MVCC_READ_CONFLICT,
        ]
    assert ledger.state("seen") is None


def test_an_invalid_transaction_leaves_no_private_data(ledger: TestLedger) -> None:
    reading = ledger.endorse("run", [["get", "", "k"], ["put", "open", "p"]])
    run(ledger, ["put", "", "k"])
    assert ledger.commit([reading]) == [ValidationCode.MVCC_READ_CONFLICT]
    assert ledger.private_hash("open", "p") is None
    assert ledger.private_state("open", "p", of="Org1MSP") is None


def test_one_transaction_commits_once(ledger: TestLedger) -> None:
    put = ledger.endorse("run", [["put", "open", "k"]])
    codes = [ValidationCode.VALID, ValidationCode.DUPLICATE_TXID]
    assert ledger.commit([put, put]) == codes
    assert ledger.commit([put]) == codes[1:]


def test_data_live_as_many_blocks_as_their_collection_says(ledger: TestLedger) -> None:
    run(ledger, ["put", "brief", "k"])
    run(ledger, ["put", "open", "k"])
    ledger.add_block()
    assert ledger.private_state("brief", "k", of="Org3MSP") == b"v"
    assert ledger.private_hash("brief", "k") == HASH
    ledger.add_block()
    assert ledger.private_state("brief", "k", of="Org3MSP") is None
    assert ledger.private_hash("brief", "k") is None
    assert run(ledger, ["get", "brief", "k"], ["get", "open", "k"]) == ["", "v"]


def test_the_first_who_reads_private_data_reads_the_definition_too(ledger: TestLedger) -> None:
    endorsed = ledger.endorse("run", [["get", "open", "k"]])
    for part in (
        b"namespaces/fields/chaincode/Sequence",
        b"namespaces/fields/chaincode/Collections",
    ):
        assert part in endorsed.read_write_set


UNREADABLE = (
    "error in simulation: error unmarshalling SignaturePolicyEnvelope: proto: cannot parse invalid "
    "wire-format data"
)


@pytest.mark.parametrize("collection", ["", "open"])
@pytest.mark.parametrize("action", ["put", "delete", "protect"])
def test_a_key_whose_policy_cannot_be_read_cannot_be_written(
    ledger: TestLedger, collection: str, action: str
) -> None:
    run(ledger, ["put", collection, "k"])
    run(ledger, ["protect", collection, "k"])
    with pytest.raises(ContractError) as refused:
        run(ledger, [action, collection, "k"])
    assert str(refused.value) == UNREADABLE
    with pytest.raises(ContractError) as refused:
        run(ledger, [action, collection, "k"], ["get", "none", "k"])
    assert str(refused.value) == UNREADABLE
    assert run(ledger, ["get", collection, "k"]) == ["v"]


def test_a_page_of_private_data_is_only_a_limit(ledger: TestLedger) -> None:
    run(ledger, *(["put", "open", key] for key in "abc"))
    assert json.loads(ledger.evaluate("run", [["raw page", "open"], ["range", "open"]])) == [
        "a,b",
        "a,b,c",
    ]


def test_a_hash_of_no_collection_is_that_of_nothing(ledger: TestLedger) -> None:
    [found] = run(ledger, ["raw hash", "", "k"])
    assert found == ""


def test_an_organisation_that_the_channel_does_not_have(ledger: TestLedger) -> None:
    stranger = identity("Org9MSP")
    with pytest.raises(ContractError) as refused:
        run(ledger, ["get", "", "k"], as_=stranger)
    assert str(refused.value) == (
        "error validating proposal: access denied: channel [channel] creator org unknown, creator is "
        "malformed"
    )
    with pytest.raises(ConfigError, match="Org9MSP cannot endorse: it is no organisation"):
        run(ledger, ["get", "", "k"], endorser="Org9MSP")


def test_without_a_list_whoever_is_named_or_calls_is_an_organisation() -> None:
    ledger = TestLedger(Chaincode([Secrets()]), collections=COLLECTIONS[:1])
    with pytest.raises(ContractError, match=r"collection \[_implicit_org_Org9MSP\] not defined"):
        run(ledger, ["put", STRANGE, "k"])
    run(ledger, ["put", STRANGE, "k"], as_=identity("Org9MSP"))
    assert ledger.private_state(STRANGE, "k", of="Org9MSP") == b"v"
    run(ledger, ["put", "pair", "k"], as_=TWO)
    assert ledger.private_state("pair", "k", of="Org1MSP") == b"v"


def test_an_init_call_is_due_once_and_has_no_private_data() -> None:
    ledger = TestLedger(Chaincode([Secrets()]), collections=COLLECTIONS, init_required=True)

    def refused(*steps: list[str], is_init: bool = False) -> str:
        with pytest.raises(ContractError) as caught:
            run(ledger, *steps, is_init=is_init)
        return str(caught.value)

    text = refused(["get", "", "k"])
    assert text.startswith("error in simulation: failed to execute transaction ")
    assert text.endswith(
        ": invalid invocation: chaincode 'chaincode' has not been initialized for this version, must "
        "call as init first"
    )
    for step in (["put", "open", "k"], ["hash", "open", "k"], ["range", "open"]):
        assert "private data APIs are not allowed in chaincode Init()" in refused(
            step, is_init=True
        )
    assert BEFORE_PAGE in refused(["page", ""], is_init=True)
    run(ledger, ["put", "", "k"], is_init=True)
    assert refused(["put", "", "k"], is_init=True).endswith(
        "chaincode 'chaincode' is already initialized but called as init"
    )
    assert run(ledger, ["get", "", "k"]) == ["v"]


def test_an_init_call_that_is_not_due(ledger: TestLedger) -> None:
    with pytest.raises(
        ContractError, match="'chaincode' does not require initialization but called as init"
    ):
        run(ledger, ["get", "", "k"], is_init=True)


def test_two_init_calls_at_once_conflict() -> None:
    ledger = TestLedger(Chaincode([Secrets()]), init_required=True)
    late = ledger.endorse("run", [], is_init=True)
    run(ledger, is_init=True)
    assert ledger.commit([late]) == [ValidationCode.MVCC_READ_CONFLICT]


def test_a_conflict_is_raised_by_submit(ledger: TestLedger) -> None:
    class Racing(Contract):
        @transaction
        def race(self, ctx: Context) -> None:
            ctx.stub.get_state("k")
            ctx.stub.put_state("k", b"v")
            if racing.state("k") is None:
                racing.commit([other])

    racing = TestLedger(Chaincode([Secrets(), Racing()]))
    other = racing.endorse("run", [["put", "", "k"]])
    with pytest.raises(CommitError, match=r"MVCC_READ_CONFLICT \(11\), block 2"):
        racing.submit("Racing:race")


def test_a_fork_of_a_ledger_goes_on_by_itself(ledger: TestLedger) -> None:
    """State, hashes and what each peer keeps, when it expires, history and height are those of the fork alone."""
    run(ledger, ["put", "", "a", "one"], ["put", "pair", "p", "one"], ["put", "brief", "b", "one"])
    forked = ledger.fork()
    run(forked, ["put", "", "a", "two"], ["put", "pair", "p", "two"], ["delete", "brief", "b"])
    assert (ledger.state("a"), forked.state("a")) == (b"one", b"two")
    kept = [one.private_state("pair", "p", of="Org2MSP") for one in (ledger, forked)]
    assert kept == [b"one", b"two"]
    hashes = [one.private_hash("pair", "p") for one in (ledger, forked)]
    assert hashes == [sha256(b"one").digest(), sha256(b"two").digest()]
    assert (ledger.height, forked.height) == (2, 3)
    for _ in range(3):
        forked.add_block()
    assert ledger.private_state("brief", "b", of="Org3MSP") == b"one"
    assert run(ledger, ["get", "", "a"]) == ["one"]
    again = ledger.fork(guard=False)
    assert ledger.endorse("run", []).transaction_id == again.endorse("run", []).transaction_id
