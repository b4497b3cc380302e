"""The guard of the test ledger: what it refuses, what it allows, and where it does not apply."""

import gc
import logging
import os
import random
import secrets
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime
from time import time as wall_clock
from typing import Any
from urllib.request import urlopen

import pytest
from pydantic import BaseModel, Field

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
from pyfabric.chaincode.testing import DeterminismError, TestLedger


class Ticket(BaseModel):
    code: str = Field(default_factory=lambda: str(uuid.uuid4()))


ASKED: dict[str, Callable[[], object]] = {
    "time.time": wall_clock,
    "time.time_ns": lambda: time.time_ns(),
    "time.localtime": lambda: time.localtime(0),
    "datetime.now": lambda: datetime.now(UTC),
    "date.today": date.today,
    "os.urandom": lambda: os.urandom(4),
    "random.random": random.random,
    "random.getrandbits": lambda: random.choice([1, 2]),
    "random.Random without a seed": random.Random,
    "secrets.token_bytes": secrets.token_hex,
    "uuid.uuid1": uuid.uuid1,
    "uuid.uuid4": Ticket,
    "socket.getaddrinfo": lambda: urlopen("http://127.0.0.1:9/"),
    "socket.gethostbyname": lambda: socket.gethostbyname("localhost"),
    "socket.socket": socket.socket,
}


class Finalised:
    """Garbage that only the collector finds, and that reads the clock when it is finalised."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        time.time()


def collect() -> None:
    Finalised()
    gc.collect()


@dataclass
class Named:
    """Its text asks for the thread's number, so that what contains itself has an end."""

    name: str


HARMLESS: dict[str, Callable[[], object]] = {
    "seeded": lambda: random.Random(7).random(),
    "given time": lambda: datetime.fromtimestamp(7, UTC).isoformat(),
    "given id": lambda: uuid.UUID(int=7),
    "logging": lambda: logging.getLogger("contract").warning("logged"),
    "the text of a dataclass": lambda: repr(Named("a")),
    "import": lambda: __import__("smtplib"),
    "what the garbage collector finalises": collect,
}


class Asking(Contract):
    @transaction
    def ask(self, ctx: Context, what: str) -> None:
        (ASKED | HARMLESS)[what]()
        ctx.stub.put_state("k", b"v")

    @transaction
    def swallow(self, ctx: Context) -> str:
        try:
            return str(wall_clock())
        except AssertionError:
            return "nothing happened"

    @transaction
    def call(self, ctx: Context) -> bytes:
        ctx.stub.put_state("k", b"v")
        return ctx.stub.invoke_chaincode("clock", []).payload

    @transaction
    def refuse(self, ctx: Context) -> None:
        raise ContractError("no")


class AsyncAsking(AsyncContract):
    @transaction
    async def ask(self, ctx: AsyncContext, what: str) -> None:
        await ctx.stub.put_state("k", b"v")
        (ASKED | HARMLESS)[what]()


def ledger(**options: Any) -> TestLedger:
    return TestLedger(Chaincode([Asking(), AsyncAsking()]), **options)


contracts = pytest.mark.parametrize("contract", ["Asking", "AsyncAsking"])


@contracts
@pytest.mark.parametrize("what", ASKED)
def test_clock_chance_and_network_are_errors_however_they_are_called(
    contract: str, what: str
) -> None:
    made = ledger()
    with pytest.raises(DeterminismError, match=f"the contract called {what}, .*: [a-z]"):
        made.submit(f"{contract}:ask", what)
    assert made.state("k") is None


@contracts
@pytest.mark.parametrize("what", HARMLESS)
def test_what_is_the_same_everywhere_passes(contract: str, what: str) -> None:
    made = ledger()
    made.submit(f"{contract}:ask", what)
    assert made.state("k") == b"v"


@pytest.mark.parametrize("what", ["time.time", "os.urandom", "uuid.uuid4"])
def test_it_can_be_left_out(what: str) -> None:
    made = ledger(guard=False)
    made.submit("ask", what)
    assert made.state("k") == b"v"


def test_a_contract_cannot_hide_it() -> None:
    with pytest.raises(DeterminismError, match=r"time\.time"):
        ledger().evaluate("swallow")


def test_refusals_stay_refusals() -> None:
    with pytest.raises(ContractError, match=r"^no$"):
        ledger().submit("refuse")


def test_what_works_for_the_contract_is_not_watched() -> None:
    clock = {"clock": lambda _arguments: Response(200, "", str(wall_clock() > 0).encode())}
    assert ledger(callees=clock).submit("call") == b"True"


def test_other_threads_and_the_test_itself_are_left_alone() -> None:
    started, done = threading.Event(), threading.Event()
    seen: list[float] = []

    def work() -> None:
        started.set()
        while not done.is_set():
            seen.append(wall_clock())

    thread = threading.Thread(target=work)
    thread.start()
    started.wait()
    try:
        for what in ("seeded", "time.time"):
            with pytest.raises(DeterminismError) if what in ASKED else nullcontext():
                ledger().submit("ask", what)
    finally:
        done.set()
        thread.join()
    assert seen
    assert wall_clock() > 0


def test_a_profiler_goes_on_afterwards() -> None:
    def profiler(_frame: object, _event: str, _called: object) -> None: ...

    before = sys.getprofile()
    sys.setprofile(profiler)
    try:
        ledger().submit("ask", "seeded")
        with pytest.raises(DeterminismError):
            ledger().submit("ask", "time.time")
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(before)
