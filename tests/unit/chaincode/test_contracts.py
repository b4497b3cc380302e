"""Loading contracts: what is refused, and how functions are called."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from pydantic import Field
from pydantic.errors import PydanticInvalidForJsonSchema

from pyfabric.chaincode import (
    AsyncContext,
    AsyncContract,
    Chaincode,
    Context,
    Contract,
    KeyValue,
    Page,
    from_json,
    query,
    to_json,
    transaction,
)
from pyfabric.chaincode.server import ChaincodeServer
from pyfabric.chaincode.testing import TestLedger, identity
from pyfabric.errors import CommitError, ConfigError, ContractError, StateError, ValidationCode


@dataclass(frozen=True)
class Asset:
    id: str
    owner: str
    size: int = 0


class Assets(Contract):
    """Assets with their owners."""

    @transaction
    def create(self, ctx: Context, asset: Asset) -> None:
        if ctx.stub.get_state(asset.id) is not None:
            raise ContractError(f"the asset {asset.id} already exists")
        ctx.stub.put_state(asset.id, to_json(asset))
        ctx.stub.set_event("created", asset.id.encode())

    @query
    def read(self, ctx: Context, asset_id: str) -> Asset:
        data = ctx.stub.get_state(asset_id)
        if data is None:
            raise ContractError(f"the asset {asset_id} does not exist")
        return from_json(Asset, data)

    @query
    def all(self, ctx: Context, start: str = "", end: str | None = None) -> list[str]:
        return [key for key, _ in ctx.stub.get_state_range(start, end or "")]

    @query
    def join(self, ctx: Context, separator: str, *parts: int) -> str:
        return separator.join(map(str, parts))

    @transaction
    def put(self, ctx: Context, key: str, value: bytes) -> None:
        ctx.stub.put_state(key, value)

    @transaction
    def delete(self, ctx: Context, key: str) -> None:
        ctx.stub.delete_state(key)

    @query
    def get(self, ctx: Context, key: str) -> bytes | None:
        return ctx.stub.get_state(key)

    @query
    def page(self, ctx: Context, start: str, end: str, size: int, bookmark: str) -> dict[str, Any]:
        return _described(ctx.stub.get_state_range_with_pagination(start, end, size, bookmark))

    @transaction
    def put_composite(self, ctx: Context, kind: str, *parts: str) -> None:
        ctx.stub.put_state(ctx.stub.create_composite_key(kind, parts), b"composite")

    @query
    def partial(self, ctx: Context, kind: str, *parts: str) -> list[list[str]]:
        found = ctx.stub.get_state_by_partial_composite_key(kind, parts)
        return [ctx.stub.split_composite_key(key)[1] for key, _ in found]

    @query
    def partial_page(self, ctx: Context, kind: str, size: int, bookmark: str) -> dict[str, Any]:
        found = ctx.stub.get_state_by_partial_composite_key_with_pagination(
            kind, [], size, bookmark
        )
        return _described(found)

    @query
    def who(self, ctx: Context, name: str) -> list[str | None]:
        assert ctx.client.has_attribute(name) == (ctx.client.attribute(name) is not None)
        assert not ctx.client.has_attribute(name, "another value")
        return [ctx.client.msp_id, ctx.client.id, ctx.client.attribute(name)]

    @query
    def facts(self, ctx: Context) -> list[str]:
        stub = ctx.stub
        return [stub.channel_id, stub.transaction_id, stub.timestamp.isoformat()]

    @query
    def transient(self, ctx: Context, name: str) -> bytes:
        return ctx.stub.transient[name]

    @transaction
    def fail(self, ctx: Context, kind: str) -> None:
        ctx.stub.set_event("never", b"")
        raise {"exit": SystemExit(3), "interrupt": KeyboardInterrupt(), "key": KeyError("secret")}[
            kind
        ]

    @query
    def wrong(self, ctx: Context) -> int:
        return "text"  # type: ignore[return-value]

    def helper(self) -> None:
        """Return nothing; contracts do not offer it."""


def _described(page: Page) -> dict[str, Any]:
    keys = [item.key for item in page.items]
    return {"keys": keys, "bookmark": page.bookmark, "count": page.count}


class Hooked(Contract):
    name = "hooked"
    title = "Hooks"
    version = "1.2"

    def before_transaction(self, ctx: Context) -> None:
        if ctx.client.msp_id == "StrangerMSP":
            raise ContractError("strangers are refused")

    def after_transaction(self, ctx: Context, result: object) -> None:
        if result == "too late":
            raise ContractError("refused afterwards")

    def unknown_transaction(
        self, ctx: Context, function: str, arguments: Sequence[bytes]
    ) -> object:
        return f"{function}({len(arguments)})"

    @query
    def echo(self, ctx: Context, text: str) -> str:
        return text


class Waiting(AsyncContract):
    @transaction
    async def put(self, ctx: AsyncContext, key: str, value: bytes) -> None:
        await ctx.stub.put_state(key, value)
        ctx.stub.set_event("put")

    @query
    async def pairs(self, ctx: AsyncContext) -> list[str]:
        return [key async for key, _ in ctx.stub.get_state_range()]

    @query
    async def fail(self, ctx: AsyncContext) -> None:
        raise SystemExit

    @query
    async def sleep(self, ctx: AsyncContext) -> None:
        import asyncio

        await asyncio.sleep(0)


@pytest.fixture
def ledger() -> TestLedger:
    return TestLedger(
        Chaincode([Assets(), Hooked(), Waiting()]), now=datetime(2026, 5, 1, tzinfo=UTC)
    )


def test_what_is_submitted_is_read_and_its_event_is_out(ledger: TestLedger) -> None:
    ledger.submit("create", Asset("a", "tom", 5))
    assert ledger.evaluate("Assets:read", "a") == b'{"id":"a","owner":"tom","size":5}'
    assert [(e.name, e.payload, e.block_number) for e in ledger.events] == [("created", b"a", 1)]
    assert ledger.state("a") == to_json(Asset("a", "tom", 5))


def test_what_is_evaluated_is_not_kept(ledger: TestLedger) -> None:
    ledger.evaluate("create", Asset("a", "tom"))
    assert ledger.keys() == []
    assert ledger.events == []


def test_two_that_read_the_same_key_conflict(ledger: TestLedger) -> None:
    first = ledger.endorse("create", Asset("a", "tom"))
    second = ledger.endorse("create", Asset("a", "ann"))
    assert ledger.commit([first, second]) == [
        ValidationCode.VALID,
        ValidationCode.MVCC_READ_CONFLICT,
    ]
    assert len(ledger.events) == 1


def test_a_commit_that_conflicts_is_an_error_of_submit(
    ledger: TestLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = ledger.endorse("create", Asset("a", "tom"))
    ledger.submit("create", Asset("a", "ann"))
    monkeypatch.setattr(ledger, "endorse", lambda *_a, **_k: stale)
    with pytest.raises(CommitError, match="MVCC_READ_CONFLICT"):
        ledger.submit("create")


def test_a_transaction_does_not_see_its_own_writes(ledger: TestLedger) -> None:
    class Twice(Contract):
        @transaction
        def twice(self, ctx: Context) -> bytes | None:
            ctx.stub.put_state("k", b"new")
            return ctx.stub.get_state("k")

    own = TestLedger(Chaincode([Twice()]))
    assert own.submit("twice") == b""
    assert own.submit("twice") == b"new"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (("read", "b"), "the asset b does not exist"),
        (("nope",), "You've asked to invoke a function that does not exist: nope"),
        (("",), "You've asked to invoke a function that does not exist: "),
        (("helper",), "You've asked to invoke a function that does not exist: helper"),
        (("before_transaction",), "You've asked to invoke a function that does not exist: "),
        (("Other:read", "b"), "Contract name is not known: Other"),
        (("read",), "Expected 1 parameters, but 0 have been supplied"),
        (("read", "a", "b"), "Expected 1 parameters, but 2 have been supplied"),
        (("all", "a", "b", "c"), "Expected 0 to 2 parameters, but 3 have been supplied"),
        (("join",), "Expected at least 1 parameters, but 0 have been supplied"),
        (("join", "-", "1", "x"), "argument 3 (parts): 'x' is not an integer"),
        (("create", "{}"), "argument 1 (asset): id: Field required"),
        (("read", b"\xff"), "argument 1 (asset_id): is not valid UTF-8"),
        (("wrong",), "result of wrong: returned a str, not a int"),
        (("fail", "exit"), "SystemExit: 3"),
        (("fail", "interrupt"), "KeyboardInterrupt: "),
        (("fail", "key"), "KeyError: 'secret'"),
        (("Waiting:fail",), "SystemExit: "),
        (("Waiting:sleep",), "awaited something other than its stub"),
        (("put", "", b"v"), "key must not be an empty string"),
        (("put", "k", b""), "an empty value would delete the key"),
        (("get", ""), "key must not be an empty string"),
        (("put_composite", "bill", "a\0b"), "U+0000 and U+10FFFF are not allowed"),
        (("page", "", "", 0, ""), "page size must be from 1"),
        (("page", "b", "c", 1, "a"), "the bookmark does not belong to this range"),
    ],
)
def test_refusals_say_what_is_wrong(
    ledger: TestLedger, call: tuple[object, ...], message: str
) -> None:
    function, *arguments = call
    assert isinstance(function, str)
    with pytest.raises(ContractError) as raised:
        ledger.submit(function, *arguments)
    assert str(raised.value).startswith(message) or message in str(raised.value)
    assert ledger.keys() == []
    assert ledger.events == []


def test_no_payload_is_logged(ledger: TestLedger, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(ContractError):
        ledger.evaluate("fail", "key")
    assert "KeyError" in caplog.text
    assert "secret" not in caplog.text


def test_defaults_and_variable_arguments(ledger: TestLedger) -> None:
    for key in ("a", "b", "c"):
        ledger.submit("put", key, b"v")
    assert ledger.evaluate("all") == b'["a","b","c"]'
    assert ledger.evaluate("all", "b") == b'["b","c"]'
    assert ledger.evaluate("all", "b", "c") == b'["b"]'
    assert ledger.evaluate("all", "b", "") == b'["b","c"]'
    assert ledger.evaluate("join", "-") == b""
    assert ledger.evaluate("join", "-", 1, 2) == b"1-2"


def test_bytes_pass_unharmed(ledger: TestLedger) -> None:
    blob = bytes(range(256))
    ledger.submit("put", "k", blob)
    assert ledger.evaluate("get", "k") == blob
    assert ledger.evaluate("get", "none") == b""
    ledger.submit("delete", "k")
    assert ledger.keys() == []


def test_an_unbounded_range_has_no_composite_keys(ledger: TestLedger) -> None:
    ledger.submit("put", "simple", b"v")
    ledger.submit("put_composite", "bill", "1")
    assert json.loads(ledger.evaluate("all")) == ["simple"]


def test_partial_composite_keys(ledger: TestLedger) -> None:
    for parts in (["2025", "1"], ["2026", "1"], ["2026", "2"], ["20261"]):
        ledger.submit("put_composite", "bill", *parts)
    ledger.submit("put_composite", "billing", "2026")
    assert json.loads(ledger.evaluate("partial", "bill", "2026")) == [["2026", "1"], ["2026", "2"]]
    assert len(json.loads(ledger.evaluate("partial", "bill"))) == 4
    first = json.loads(ledger.evaluate("partial_page", "bill", 3, ""))
    rest = json.loads(ledger.evaluate("partial_page", "bill", 3, first["bookmark"]))
    assert (first["count"], rest["count"], rest["bookmark"]) == (3, 1, "")


def test_pages_give_bookmark_and_count(ledger: TestLedger) -> None:
    for number in range(5):
        ledger.submit("put", f"k{number}", b"v")
    seen, bookmark, sizes = [], "", []
    while True:
        page = json.loads(ledger.evaluate("page", "", "", 2, bookmark))
        seen += page["keys"]
        sizes.append(page["count"])
        bookmark = page["bookmark"]
        if not bookmark:
            break
    assert seen == [f"k{number}" for number in range(5)]
    assert sizes == [2, 2, 1]


def test_a_long_range_comes_in_batches(ledger: TestLedger) -> None:
    wanted = [f"k{number:03}" for number in range(250)]
    ledger.commit([ledger.endorse("put", key, b"v") for key in wanted])
    assert json.loads(ledger.evaluate("all")) == wanted
    assert json.loads(ledger.evaluate("Waiting:pairs")) == wanted


def test_a_range_that_changed_is_a_phantom(ledger: TestLedger) -> None:
    class Counting(Contract):
        @transaction
        def count(self, ctx: Context, key: str) -> int:
            number = sum(1 for _ in ctx.stub.get_state_range("n", "o"))
            ctx.stub.put_state(key, b"v")
            return number

    counting = TestLedger(Chaincode([Counting()]))
    both = [counting.endorse("count", "n1"), counting.endorse("count", "n2")]
    assert counting.commit(both) == [ValidationCode.VALID, ValidationCode.PHANTOM_READ_CONFLICT]


def test_a_page_and_a_write_do_not_go_together() -> None:
    class Mixed(Contract):
        @transaction
        def mixed(self, ctx: Context) -> None:
            ctx.stub.get_state_range_with_pagination("", "", 1)
            ctx.stub.put_state("k", b"v")

    with pytest.raises(ContractError, match=r"PUT_STATE failed: transaction ID: .*paginated"):
        TestLedger(Chaincode([Mixed()])).submit("mixed")


def test_a_peers_refusal_can_be_caught() -> None:
    class Careful(Contract):
        @transaction
        def careful(self, ctx: Context) -> str:
            ctx.stub.get_state_range_with_pagination("", "", 1)
            try:
                ctx.stub.put_state("k", b"v")
            except StateError:
                return "refused"
            return "written"

    assert TestLedger(Chaincode([Careful()])).submit("careful") == b"refused"


def test_an_iterator_can_be_left_early() -> None:
    class First(Contract):
        @transaction
        def fill(self, ctx: Context) -> None:
            for number in range(150):
                ctx.stub.put_state(f"k{number:03}", b"v")

        @query
        def first(self, ctx: Context) -> list[str]:
            with ctx.stub.get_state_range() as found:
                item = next(found)
            return [item.key, *(each.key for each in found)]

    first = TestLedger(Chaincode([First()]))
    first.submit("fill")
    assert json.loads(first.evaluate("first")) == ["k000"]
    assert KeyValue("k000", b"v") == ("k000", b"v")


def test_hooks(ledger: TestLedger) -> None:
    assert ledger.evaluate("hooked:echo", "hello") == b"hello"
    with pytest.raises(ContractError, match="strangers are refused"):
        ledger.evaluate("hooked:echo", "hello", as_=identity("StrangerMSP"))
    with pytest.raises(ContractError, match="refused afterwards"):
        ledger.evaluate("hooked:echo", "too late")
    assert ledger.evaluate("hooked:anything", b"\xff", "2") == b"anything(2)"


def test_who_calls_and_when(ledger: TestLedger) -> None:
    officer = identity("TaxMSP", "ann", attributes={"role": "officer"})
    msp_id, client_id, role = json.loads(ledger.evaluate("who", "role", as_=officer))
    assert (msp_id, role) == ("TaxMSP", "officer")
    assert client_id == "x509::/O=TaxMSP/OU=client/CN=ann::/O=TaxMSP/OU=client/CN=ann"
    assert json.loads(ledger.evaluate("who", "role"))[2] is None
    at = datetime(2026, 7, 1, 12, 30, 0, 250_000, tzinfo=UTC)
    channel, transaction_id, moment = json.loads(ledger.evaluate("facts", at=at))
    assert (channel, moment) == ("channel", at.isoformat())
    assert len(transaction_id) == 64
    assert json.loads(ledger.evaluate("facts"))[2] == ledger.now.isoformat()
    assert ledger.evaluate("transient", "pin", transient={"pin": b"\x00\xff"}) == b"\x00\xff"


def test_asynchronous_contracts(ledger: TestLedger) -> None:
    ledger.submit("Waiting:put", "k", b"v")
    assert ledger.events[0].name == "put"
    assert ledger.evaluate("Waiting:pairs") == b'["k"]'
    with pytest.raises(ContractError, match="does not exist: nope"):
        ledger.evaluate("Waiting:nope")


def test_metadata_has_the_shape_of_the_node_runtime(ledger: TestLedger) -> None:
    metadata = json.loads(ledger.evaluate("org.hyperledger.fabric:GetMetadata"))
    assert set(metadata) == {"$schema", "contracts", "info", "components"}
    assets = metadata["contracts"]["Assets"]
    assert assets["contractInstance"] == {"name": "Assets", "default": True}
    assert assets["info"] == {"title": "", "version": ""}
    functions = {each["name"]: each for each in assets["transactions"]}
    assert functions["create"] == {
        "name": "create",
        "tag": ["SUBMIT", "submitTx"],
        "parameters": [
            {
                "name": "asset",
                "description": "",
                "required": True,
                "schema": {"$ref": "#/components/schemas/Asset"},
            }
        ],
    }
    assert functions["read"]["tag"] == ["EVALUATE"]
    assert functions["read"]["returns"] == {"$ref": "#/components/schemas/Asset"}
    assert [each["required"] for each in functions["all"]["parameters"]] == [False, False]
    schema = metadata["components"]["schemas"]["Asset"]
    assert (schema["$id"], schema["required"]) == ("Asset", ["id", "owner"])
    assert metadata["contracts"]["hooked"]["info"] == {"title": "Hooks", "version": "1.2"}
    assert metadata["contracts"]["org.hyperledger.fabric"] == {
        "name": "org.hyperledger.fabric",
        "contractInstance": {"name": "org.hyperledger.fabric"},
        "transactions": [{"name": "GetMetadata"}],
        "info": {"title": "", "version": ""},
    }


def test_metadata_have_docstrings_descriptions_and_what_the_contract_adds() -> None:
    class Described(Contract):
        @classmethod
        def describe_function(cls, function: str) -> dict[str, Any]:
            return {"x-fee": function}

        @transaction
        def grant(self, ctx: Context, parcel: Parcel) -> None:
            """Grant a permit."""

    metadata = json.loads(Chaincode([Described()]).metadata)
    (grant,) = metadata["contracts"]["Described"]["transactions"]
    assert (grant["description"], grant["x-fee"]) == ("Grant a permit.", "grant")
    (parcel,) = grant["parameters"]
    assert (parcel["description"], parcel["required"]) == ("The parcel.", False)


def test_a_type_that_cannot_be_described_is_found_before_the_chaincode_serves() -> None:
    class Undescribed:
        @classmethod
        def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> Any:
            raise PydanticInvalidForJsonSchema("no schema")

    class Odd(Contract):
        @transaction
        def take(self, ctx: Context, thing: Annotated[str, Undescribed()]) -> None: ...

    with pytest.raises(PydanticInvalidForJsonSchema, match="no schema"):
        ChaincodeServer(Chaincode([Odd()]), package_id="odd:1", address="127.0.0.1:0", tls=None)


def test_contracts_of_one_class_and_of_one_base_keep_their_own_state() -> None:
    class Kept(Contract):
        def __init__(self, word: str) -> None:
            self.word = word

        @query
        def say(self, ctx: Context, times: int) -> str:
            return self.word * times

    class Loud(Kept):
        def __init__(self) -> None:
            super().__init__("LOUD ")

    ledgers = [TestLedger(Chaincode([one])) for one in (Kept("a"), Kept("b"), Loud())]
    assert [one.evaluate("say", 2) for one in ledgers] == [b"aa", b"bb", b"LOUD LOUD "]


def test_types_of_one_name_do_not_hide_each_other() -> None:
    def another() -> type[Contract]:
        @dataclass(frozen=True)
        class Asset:
            weight: int

        class Weights(Contract):
            def weigh(self, ctx: Context, asset: Any) -> None: ...

        Weights.weigh.__annotations__ |= {"asset": Asset, "return": None}
        transaction(Weights.weigh)
        return Weights

    schemas = json.loads(Chaincode([Assets(), another()()]).metadata)["components"]["schemas"]
    assert sorted(tuple(each["required"]) for each in schemas.values()) == [
        ("id", "owner"),
        ("weight",),
    ]


Parcel = Annotated[str | None, Field(description="The parcel.")]


def _contract(**members: Any) -> Contract:
    made: Contract = type("Made", (Contract,), members)()
    return made


async def _coroutine(self: Contract, ctx: Context) -> None: ...


def _no_hint(self, ctx: Context, a) -> None: ...  # type: ignore[no-untyped-def]


def _no_result(self, ctx: Context, a: str): ...  # type: ignore[no-untyped-def]


def _keyword(self: Contract, ctx: Context, *, a: str) -> None: ...


def _keywords(self: Contract, ctx: Context, **a: str) -> None: ...


def _no_context(self: Contract) -> None: ...


def _unresolved(self: Contract, ctx: Context, a: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821


def _anything(self: Contract, ctx: Context, a: Any) -> None: ...


def _set(self: Contract, ctx: Context) -> set[str]:
    return set()


def _yields(self: Contract, ctx: Context) -> Any:
    yield "a"


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (_coroutine, "is a coroutine: derive from AsyncContract"),
        (_no_hint, "argument 'a' needs a type hint"),
        (_no_result, "the result needs a type hint"),
        (_keyword, "keyword-only"),
        (_keywords, "keyword-only"),
        (_no_context, "the first argument must be the context"),
        (_unresolved, "a type hint cannot be resolved"),
        (_anything, "argument 'a': typing.Any says too little"),
        (_set, "which has no fixed order"),
        (_yields, "yields: return a list"),
    ],
)
def test_functions_that_could_not_be_called_are_refused_when_loaded(
    method: Any, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Chaincode([_contract(function=transaction(method))])


def test_an_asynchronous_contract_has_no_blocking_functions() -> None:
    class Blocking(AsyncContract):
        @query
        def blocking(self, ctx: AsyncContext) -> None: ...

    with pytest.raises(ConfigError, match="not a coroutine"):
        Chaincode([Blocking()])


@pytest.mark.parametrize(
    ("contracts", "message"),
    [
        ([], "needs a contract"),
        ([Assets(), Assets()], "two contracts are named 'Assets'"),
        ([_contract()], "offers no function"),
        ([_contract(version=Hooked.echo)], "it must be a text"),
        ([_contract(name="a:b", f=Hooked.echo)], "cannot be named"),
        ([_contract(name="org.hyperledger.fabric", f=Hooked.echo)], "cannot be named"),
    ],
)
def test_chaincodes_that_could_not_be_called(contracts: list[Contract], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Chaincode(contracts)


def test_functions_are_inherited_and_may_be_withdrawn() -> None:
    class Base(Contract):
        @query
        def kept(self, ctx: Context) -> str:
            return "kept"

        @query
        def withdrawn(self, ctx: Context) -> str:
            return "base"

    class Derived(Base):
        def withdrawn(self, ctx: Context) -> str:
            return "derived"

    derived = TestLedger(Chaincode([Derived()]))
    assert derived.evaluate("kept") == b"kept"
    with pytest.raises(ContractError, match="does not exist"):
        derived.evaluate("withdrawn")


class Deep(Contract):
    @transaction
    def dig(self, _ctx: Context) -> str:
        return self._further()

    def _further(self) -> str:
        return self._further()


def test_a_recursion_without_an_end_is_logged_in_a_few_frames(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(ContractError, match="RecursionError"):
        TestLedger(Chaincode([Deep()])).submit("dig")
    (record,) = caplog.records
    assert record.getMessage().count(" < ") == 20
    assert record.getMessage().endswith(" more")
