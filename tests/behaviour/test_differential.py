"""Random programs on the test ledger and on a network: the same answers, refusals, effects and state.

PYFABRIC_BEHAVIOUR_STEPS is the number of transactions (120), PYFABRIC_BEHAVIOUR_SEED chooses them.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from tests.behaviour.memory_ledger import DEPARTMENTS, MemoryLedger
from tests.behaviour.network_ledger import NetworkLedger
from tests.behaviour.program import (
    Refused,
    Request,
    ask,
    call,
    close,
    composite,
    delete,
    event,
    finish_batch,
    get,
    get_composite,
    get_composite_page,
    get_hash,
    get_many,
    get_page,
    get_policy,
    get_range,
    history,
    policy,
    purge,
    put,
    refuse,
    rich_page,
    rich_query,
    set_policy,
    start_batch,
    take,
)
from tests.behaviour.scenario import Commit, Play, Transaction
from tests.behaviour.test_behaviour import STUBS

COUNT = int(os.environ.get("PYFABRIC_BEHAVIOUR_STEPS", "120"))
SEED = int(os.environ.get("PYFABRIC_BEHAVIOUR_SEED", "1"))

KEYS = ("$a", "$b", "$c", composite("$t", "a"), composite("$t", "b"))
BOUNDS = ("$", "$a", "$b", "$c", "$~")
MEMBERS = ("shared", "closed", "readable", "writable", "brief")
COLLECTIONS = (*MEMBERS, *MEMBERS, "copied", "nothing")
ANYBODY = policy("OR('EconInfoMSP.peer', 'MktSupMSP.peer', 'HaidianMSP.peer')")
"""The only policy: endorsement policies are not what the test ledger has."""


class Programs:
    """Random programs of requests."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def program(self, chaincode: str, at: str, depth: int = 0) -> tuple[Request, ...]:
        """Return some requests of a chaincode on a department's peer."""
        requests: list[Request] = []
        for _ in range(self._random.randint(1, 5)):
            requests += self._requests(chaincode, at, depth)
        return tuple(requests)

    def _requests(self, chaincode: str, at: str, depth: int) -> Sequence[Request]:
        kind = self._random.choices(
            (self._public, self._private, self._query, self._other), (5, 5, 3, 2)
        )[0]
        if kind == self._other and depth < 2:
            return (
                self._call(chaincode, at, depth)
                if self._random.random() < 0.5
                else self._other(chaincode)
            )
        return [kind(chaincode, at)] if kind == self._private else kind(chaincode)

    def _public(self, _chaincode: str) -> Sequence[Request]:
        key = self._key()
        return self._random.choice(
            (
                [get(key)],
                [get_many(key, self._key())],
                [put(key, self._value())],
                [put(key, self._value())],
                [delete(key)],
                [set_policy(key, ANYBODY)],
                [get_policy(key)],
                [history(key)],
            )
        )

    def _private(self, chaincode: str, at: str) -> Request:
        own = f"_implicit_org_{at}MSP"
        collection = self._random.choice((*COLLECTIONS, own) if chaincode == "requests" else (own,))
        key = self._key()
        return self._random.choice(
            (
                get(key, on=collection),
                get_many(key, self._key(), on=collection),
                get_hash(key, on=collection),
                put(key, self._value(), on=collection),
                put(key, self._value(), on=collection),
                delete(key, on=collection),
                purge(key, on=collection),
                set_policy(key, ANYBODY, on=collection),
                get_policy(key, on=collection),
            )
        )

    def _query(self, chaincode: str) -> Sequence[Request]:
        start, end = self._random.choice(BOUNDS), self._random.choice(BOUNDS)
        size, name = self._random.randint(1, 4), f"i{self._random.random()}"
        choices: list[Sequence[Request]] = [
            [get_range(start, end)],
            [get_range(start, end)],
            [get_composite("$t")],
            [get_page(start, end, size, self._random.choice(("", "", "$b")))],
            [get_composite_page("$t", (), size)],
            [get_range(start, end, keep=name), take(name, 1), close(name), take(name, 1)],
        ]
        if chaincode == "requests":
            collection = self._random.choice(COLLECTIONS)
            choices += [
                [get_range(start, end, on=collection)],
                [get_composite("$t", on=collection)],
                [rich_query("{}", on=collection)],
                [rich_page("{}", size)],
            ]
        return self._random.choice(choices)

    def _other(self, chaincode: str) -> Sequence[Request]:
        return self._random.choice(
            (
                [start_batch()],
                [start_batch(), put(self._key(), self._value()), finish_batch()],
                [event("named", self._value())] if chaincode == "requests" else [],
                [ask("transaction_id")],
                [ask("timestamp")],
                [refuse("enough")],
            )
        )

    def _call(self, chaincode: str, at: str, depth: int) -> Sequence[Request]:
        channel = self._random.choice(("", "", "elsewhere"))
        names = ["others", "others", "others", "nothing"]
        # On the test ledger "others" is called by "requests".
        name = self._random.choice([*names, "requests"] if chaincode == "requests" else names)
        function = self._random.choice(("run", "insist"))
        return [call(name, *self.program(name, at, depth + 1), channel=channel, function=function)]

    def _key(self) -> str:
        return self._random.choice(KEYS)

    def _value(self) -> bytes:
        return f"{self._random.randint(0, 99)}".encode()


def random_steps(random: Random) -> Iterator[Transaction | Commit]:
    """Yield transactions that are evaluated, or endorsed and committed, some after later ones."""
    programs, waiting = Programs(random), []
    for number in range(COUNT):
        chaincode, channel = random.choices(
            (("requests", "behaviour"), ("others", "behaviour"), ("others", "elsewhere")), (6, 2, 1)
        )[0]
        departments = DEPARTMENTS if channel == "behaviour" else DEPARTMENTS[:2]
        at = random.choice(departments)
        kind = random.choices(("endorse", "evaluate"), (4, 1))[0]
        yield Transaction(
            kind,
            programs.program(chaincode, at),
            (),
            name=str(number),
            contract=random.choice(tuple(STUBS.values())),
            function=random.choices(("run", "insist"), (4, 1))[0],
            by=random.choices((at, random.choice(departments)), (3, 1))[0],
            at=at,
            chaincode=chaincode,
            channel=channel,
            transient={"secret": b"$"} if random.random() < 0.1 else {},
        )
        if kind == "endorse":
            waiting.append(str(number))
        while len(waiting) > random.randint(0, 2):
            name = waiting.pop(random.randrange(len(waiting)))
            yield Commit((name,), ())
    yield from (Commit((name,), ()) for name in waiting)


def readings() -> Iterator[Transaction]:
    """Yield queries for everything that there is in the end, at each department's peer."""
    for at in DEPARTMENTS:
        private = [f"_implicit_org_{at}MSP", *MEMBERS]
        for chaincode, collections in (("requests", private), ("others", private[:1])):
            requests = [get_range("$", "$~"), get_composite("$t")]
            requests += [asked(key) for key in KEYS for asked in (get_policy, history)]
            for one in collections:
                requests.append(get_range("$", "$~", on=one))
                requests += [asked(key, on=one) for key in KEYS for asked in _OF_A_COLLECTION]
            yield Transaction("evaluate", tuple(requests), (), by=at, at=at, chaincode=chaincode)


_OF_A_COLLECTION: tuple[Callable[..., Request], ...] = (get, get_hash, get_policy)


def take_step(play: Play, step: Transaction | Commit, refused: set[str]) -> Any:
    """Return the outcome of a step; None for the commit of what was refused."""
    if isinstance(step, Commit):
        return None if step.names[0] in refused else play.commit(step)
    outcome = play.take(step)
    if isinstance(outcome.answers, Refused):
        refused.add(step.name)
    return outcome


def test_random_programs_come_out_alike(network: NetworkLedger) -> None:
    one, other = Play(MemoryLedger()), Play(network)
    refused: tuple[set[str], set[str]] = (set(), set())
    codes, refusals = set(), 0
    for number, step in enumerate((*random_steps(Random(SEED)), *readings())):
        mine, theirs = take_step(one, step, refused[0]), take_step(other, step, refused[1])
        assert mine == theirs, f"step {number}: {step}"
        if isinstance(step, Commit):
            codes.update(mine or ())
        else:
            refusals += "Refused" in str(mine.answers)
    assert {"VALID", "MVCC_READ_CONFLICT", "PHANTOM_READ_CONFLICT"} <= codes
    assert refusals > COUNT / 4
