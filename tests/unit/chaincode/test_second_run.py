"""The second run of the test ledger: what differs between two processes, and what may differ."""

import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pyfabric.chaincode import (
    AsyncContext,
    AsyncContract,
    Chaincode,
    Context,
    Contract,
    ContractError,
    Response,
    transaction,
)
from pyfabric.chaincode.testing import CollectionConfig, DeterminismError, TestLedger
from pyfabric.chaincode.testing.second_run import SECOND_RUNS

WORDS = {f"word {number}" for number in range(20)}
KEPT: list[str] = []

DIFFERENT: dict[str, Callable[[str], object]] = {
    "hash": hash,
    "order of a set": lambda word: ",".join(WORDS | {word}),
    "address": lambda _word: repr(object()),
    "environment": lambda word: word + os.environ.get("HOME", ""),
    "environment by getenv": lambda word: os.getenv("PATH", word),
    "kept between transactions": lambda word: KEPT.append(word) or len(KEPT),
}
REFUSED = {"os.getpid": os.getpid, "os.uname": os.uname, "threading.get_ident": threading.get_ident}


class Odd(Contract):
    @transaction
    def ask(self, ctx: Context, what: str) -> str:
        return str(DIFFERENT[what]("x")) if what in DIFFERENT else str(REFUSED[what]())

    @transaction
    def put(self, ctx: Context, what: str) -> None:
        ctx.stub.put_state("key", self.ask(ctx, what).encode())

    @transaction
    def keep(self, ctx: Context) -> None:
        ctx.stub.collection("notes").put_state("key", str(hash("x")).encode())

    @transaction
    def announce(self, ctx: Context) -> None:
        ctx.stub.set_event("event", str(hash("x")).encode())

    @transaction
    def last(self, ctx: Context) -> None:
        for count in range(1, len(WORDS) + 1):
            ctx.stub.put_state("last", ",".join(list(WORDS)[:count]).encode())

    @transaction
    def all(self, ctx: Context) -> None:
        for word in WORDS:
            ctx.stub.put_state(word, ctx.stub.get_state(word) or b"new")

    @transaction
    def refuse(self, ctx: Context) -> None:
        raise ContractError(f"not {object()!r}")

    @transaction
    def call(self, ctx: Context, name: str, *arguments: str) -> bytes:
        given = [argument.encode() for argument in arguments]
        return ctx.stub.invoke_chaincode(name, given).payload

    @transaction
    def call_any(self, ctx: Context) -> bytes:
        return ctx.stub.invoke_chaincode("played", [",".join(WORDS).encode()]).payload


class AsyncOdd(AsyncContract):
    @transaction
    async def ask(self, ctx: AsyncContext, what: str) -> str:
        return str(DIFFERENT[what]("x"))


def ledger(**options: Any) -> TestLedger:
    return TestLedger(Chaincode([Odd(), AsyncOdd()]), **options)


@pytest.mark.parametrize("contract", ["Odd", "AsyncOdd"])
@pytest.mark.parametrize("what", DIFFERENT)
def test_what_differs_between_processes_is_an_error(contract: str, what: str) -> None:
    KEPT.append("by this process")
    with pytest.raises(DeterminismError, match="another result when it ran a second time"):
        ledger().submit(f"{contract}:ask", what)
    ledger(guard=False).submit(f"{contract}:ask", what)


@pytest.mark.parametrize("what", REFUSED)
def test_the_process_is_not_asked(what: str) -> None:
    with pytest.raises(DeterminismError, match=f"the contract called .*{what.split('.')[1]}"):
        ledger().submit("ask", what)


@pytest.mark.parametrize(
    ("function", "what"),
    [
        ("put", "read write set"),
        ("last", "read write set"),
        ("keep", "read write set"),
        ("announce", "result"),
    ],
)
def test_writes_and_events_are_compared(function: str, what: str) -> None:
    made = ledger(collections=[CollectionConfig(name="notes", policy="OR('Org1MSP.member')")])
    with pytest.raises(DeterminismError, match=f"another {what}"):
        made.submit(function, *(["hash"] if function == "put" else []))
    assert made.height == 1
    assert made.private_hash("notes", "key") is None


def test_the_order_of_requests_and_the_texts_of_refusals_may_differ() -> None:
    made = ledger()
    made.submit("all")
    made.submit("all")
    with pytest.raises(ContractError, match="not <object"):
        made.submit("refuse")


def test_called_chaincodes_run_twice_and_played_ones_once() -> None:
    calls: list[Sequence[bytes]] = []

    def played(arguments: Sequence[bytes]) -> Response:
        calls.append(arguments)
        return Response(200, "", str(len(calls)).encode())

    other = TestLedger(Chaincode([Odd()]), channel="far", name="odd")
    made = ledger(callees={"played": played, "odd": Chaincode([Odd()]), "odd/far": other})
    assert made.submit("call", "played", "x") == b"1"
    assert made.submit("call", "odd", "call", "played", "y") == b"2"
    for name in ("odd", "odd/far"):
        with pytest.raises(DeterminismError):
            made.submit("call", name, "ask", "hash") if name == "odd" else made.submit(
                "call", "odd", "ask", "address"
            )
    assert calls == [(b"x",), (b"y",)]
    with pytest.raises(DeterminismError):
        made.submit("call_any")


def test_contracts_that_another_process_cannot_import_run_once() -> None:
    class Inside(Contract):
        @transaction
        def ask(self, ctx: Context) -> int:
            return hash("x")

    made = TestLedger(Chaincode([Inside()]), callees={"odd": Chaincode([Odd()])})
    made.submit("ask")
    mixed = ledger(callees={"inside": Chaincode([Inside()])})
    mixed.submit("call", "inside", "ask")
    with pytest.raises(DeterminismError):
        ledger().submit("ask", "hash")


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Any]:
    """Return the module of a test that only pytest can import, by its path."""
    file = tmp_path / "only_a_file.py"
    file.write_text(
        "import os\n"
        "from pyfabric.chaincode import Contract, transaction\n"
        "class Odd(Contract):\n"
        "    @transaction\n"
        "    def ask(self, ctx) -> int:\n"
        "        return hash('x')\n"
        "class Exits(Contract):\n"
        "    @transaction\n"
        "    def stop(self, ctx) -> int:\n"
        "        os._exit(3) if 'PYTHONHASHSEED' in os.environ else None\n"
        "        return 1\n"
    )
    spec = importlib.util.spec_from_file_location("only_a_file", file)
    assert spec is not None
    assert spec.loader is not None
    made = sys.modules["only_a_file"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    yield made
    del sys.modules["only_a_file"]


def test_a_module_is_found_by_its_file(module: Any) -> None:
    with pytest.raises(DeterminismError):
        TestLedger(Chaincode([module.Odd()])).submit("ask")
    Path(module.__file__).write_text("raise ValueError('changed meanwhile')")
    SECOND_RUNS.close()
    TestLedger(Chaincode([module.Odd()])).submit("ask")


def test_a_process_that_terminates_is_started_again(module: Any) -> None:
    assert TestLedger(Chaincode([module.Exits()])).submit("stop") == b"1"
    with pytest.raises(DeterminismError):
        ledger().submit("ask", "hash")
    SECOND_RUNS.close()
    SECOND_RUNS.close()
    with pytest.raises(DeterminismError):
        ledger().submit("ask", "hash")
