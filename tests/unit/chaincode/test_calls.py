"""Contracts that call chaincodes on the test ledger: on their own channel, and on another one."""

from typing import Any

import pytest

from pyfabric.chaincode import Chaincode, Context, Contract, Response, query, transaction
from pyfabric.chaincode.testing import DeterminismError, TestLedger, identity
from pyfabric.errors import ConfigError, ContractError, ValidationCode
from pyfabric.identity.signing import Identity
from tests.support.contracts.relay_contract import Relay


class Clock(Contract):
    """Asks the clock."""

    @query
    def now(self, ctx: Context) -> str:
        import time

        return str(time.time())

    @transaction
    def calls(self, ctx: Context) -> str:
        answer = ctx.stub.invoke_chaincode("caller", [b"call", b"clock", b"", b"[]"])
        return answer.message


CALLER, CALLED = Chaincode([Relay()]), Chaincode([Relay()])


def ledgers(**options: Any) -> tuple[TestLedger, TestLedger]:
    """Return a caller with a chaincode on its own channel, and another ledger."""
    other = TestLedger(CALLED, channel="archive", name="records")
    caller = TestLedger(
        CALLER,
        name="caller",
        callees={"called": CALLED, "records/archive": other},
        **options,
    )
    return caller, other


def call(ledger: TestLedger, name: str, channel: str, *arguments: str, **options: Any) -> str:
    """Call through the caller, and return "status|message|payload"."""
    return ledger.submit("call", name, channel, list(arguments), **options).decode()


def test_on_one_channel_it_is_one_transaction_in_two_namespaces() -> None:
    ledger, _ = ledgers()
    endorsed = ledger.endorse("put_and_call", "k", "called", "", ["put", "k", "theirs"])
    assert (ledger.state("k"), endorsed.result) == (None, b"200||theirs")
    assert ledger.commit([endorsed]) == [ValidationCode.VALID]
    assert ledger.state("k") == b"own"
    assert ledger.keys() == ["k"]
    assert call(ledger, "called", "", "get", "k") == "200||theirs"
    assert call(ledger, "called", "channel", "get", "k") == "200||theirs"
    assert call(ledger, "called:2", "", "get", "k") == "200||theirs"
    assert [each.name for each in ledger.events] == ["called"]


def test_what_a_called_chaincode_read_can_conflict() -> None:
    ledger, _ = ledgers()
    reading = ledger.endorse("put_and_call", "k", "called", "", ["get", "k"])
    call(ledger, "called", "", "put", "k", "theirs")
    assert ledger.commit([reading]) == [ValidationCode.MVCC_READ_CONFLICT]


def test_on_another_channel_it_reads_and_what_it_writes_is_lost() -> None:
    ledger, other = ledgers()
    other.submit("put", "k", "there")
    reading = ledger.endorse("put_and_call", "k", "records", "archive", ["get", "k"])
    assert reading.result == b"200||there"
    assert call(ledger, "records", "archive", "put", "k", "lost") == "200||lost"
    other.submit("put", "k", "changed")
    assert ledger.commit([reading]) == [ValidationCode.VALID]
    assert other.state("k") == b"changed"
    where = call(ledger, "records", "archive", "where", as_=identity("Org2MSP"))
    assert where == "200||archive Org2MSP"


def test_a_refusal_is_an_answer() -> None:
    ledger, _ = ledgers()
    assert call(ledger, "called", "", "fail", "no") == "500|no|"


NOT_FOUND = (
    "execute failed: invalid invocation: [channel {}] failed to get chaincode container info for "
    "{}: chaincode {} not found"
)


@pytest.mark.parametrize(
    ("name", "channel", "text"),
    [
        ("nobody", "", NOT_FOUND.format("channel", "nobody", "nobody")),
        ("nobody", "archive", NOT_FOUND.format("archive", "nobody", "nobody")),
        ("records", "nowhere", "Failed to get policy manager for channel [nowhere]"),
        ("caller", "", "execute failed: error sending: txid: {}(channel) exists"),
    ],
)
def test_calls_that_a_peer_refuses(name: str, channel: str, text: str) -> None:
    ledger, _ = ledgers()
    with pytest.raises(ContractError) as refused:
        call(ledger, name, channel, "get", "k")
    before, _, after = str(refused.value).partition(" failed: transaction ID: ")
    transaction_id, _, problem = after.partition(": ")
    assert (before, problem) == ("INVOKE_CHAINCODE", text.format(transaction_id))


def test_a_chaincode_may_run_on_two_channels_at_once() -> None:
    other = TestLedger(CALLED, channel="archive", name="caller")
    ledger = TestLedger(CALLER, name="caller", callees={"caller/archive": other})
    assert call(ledger, "caller", "archive", "get", "k") == "200||"


def test_a_circle_of_calls_is_refused() -> None:
    ledger = TestLedger(
        Chaincode([Clock()]), name="clock", callees={"caller": Chaincode([Relay()])}
    )
    assert "(channel) exists" in ledger.submit("calls").decode()


def test_called_contracts_are_watched_too() -> None:
    ledger = TestLedger(
        Chaincode([Relay()]), name="caller", callees={"clock": Chaincode([Clock()])}
    )
    with pytest.raises(DeterminismError, match=r"time\.time"):
        call(ledger, "clock", "", "now")


def test_a_ledger_that_does_not_have_what_is_called() -> None:
    _, other = ledgers()
    with pytest.raises(
        ConfigError, match=r"'x/archive' is a test ledger .* name it records/archive"
    ):
        TestLedger(CALLER, callees={"x/archive": other})


def test_who_may_call_on_another_channel() -> None:
    other = TestLedger(CALLED, channel="archive", name="records", organizations=["Org1MSP"])
    ledger = TestLedger(CALLER, name="caller", callees={"records/archive": other})
    outsider = identity("Org2MSP")
    with pytest.raises(ContractError) as refused:
        call(ledger, "records", "archive", "get", "k", as_=outsider, endorser="Org1MSP")
    assert str(refused.value).endswith(
        ": Failed evaluating policy on signed data during check policy on channel [archive] with "
        "policy [/Channel/Application/Writers]: [implicit policy evaluation failed - 0 sub-policies "
        "were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied]"
    )
    with pytest.raises(
        ContractError, match=r": Failed to get policy manager for channel \[archive\]$"
    ):
        call(ledger, "records", "archive", "get", "k", endorser="Org2MSP")
    assert call(ledger, "records", "archive", "get", "k") == "200||"
    nobody = Identity("Org1MSP", b"no certificate")
    with pytest.raises(ContractError, match="0 sub-policies were satisfied"):
        call(ledger, "records", "archive", "get", "k", as_=nobody)


def test_a_channel_on_which_only_a_function_is_called() -> None:
    ledger = TestLedger(
        CALLER, name="caller", callees={"bank/money": lambda _: Response(200, "", b"42")}
    )
    assert call(ledger, "bank", "money") == "200||42"
    with pytest.raises(ContractError, match=r"\[channel money\] .* chaincode other not found"):
        call(ledger, "other", "money")
