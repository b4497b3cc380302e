"""Run sessions on a network: each entry is called, and what it comes to compared with what it says."""

import inspect
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Self, TypeAlias, get_type_hints

from pyfabric_municipal.common.authorisation import arguments_digest, signed_bytes
from pyfabric_municipal.common.contract import CityContract
from pyfabric_municipal.common.testing.stage import holder_key
from pyfabric_municipal.common.values.timestamps import format_timestamp
from pyfabric_network.network import Network
from pyfabric_network.profile import load_profile, profile_file

from pyfabric.chaincode.conversion import conversion
from pyfabric.errors import CommitError, GatewayError
from pyfabric.gateway import Contract, connect
from tools.found_city import CITY, PATIENT
from tools.sessions import (
    SIGNATURE,
    Call,
    Entry,
    Place,
    as_text,
    call_of,
    places,
    resolve,
    shows,
    signing_place,
)

_VALID: Final = timedelta(minutes=10)
_TICKS: Final = 5


class Answer(NamedTuple):
    """What a call came to: a result with its block, or a refusal: its code, and its texts."""

    result: Any = None
    block: int | None = None
    code: str = ""
    en: str = ""
    zh: str = ""


Caller: TypeAlias = Callable[[Call], Answer]


class Done(NamedTuple):
    """An entry that was run; `problem` is how it differs from what it says, "" if it does not."""

    entry: Entry
    call: Call
    answer: Answer
    seconds: float
    problem: str


class Clients:
    """Users of a network's departments, connected as they are first used; close it, or open it in `with`."""

    def __init__(self, network: Network, now: Callable[[], datetime]) -> None:
        self._network = network
        self._now = now
        self._stack = ExitStack()
        self._known: dict[tuple[str, str, str], Contract] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __call__(self, call: Call) -> Answer:
        """Make a call; raises what the gateway raises for anything but a contract's refusal."""
        contract = self.contract(call.by, call.place.channel, call.place.chaincode)
        transient = {name: text.encode() for name, text in call.transient.items()}
        try:
            if not call.writes:
                found = contract.evaluate(call.function, *call.arguments, transient=transient)
                return Answer(_value(found))
            sent = contract.submit_async(
                call.function,
                *call.arguments,
                transient=transient,
                endorsing_organizations=[f"{one}MSP" for one in call.endorsers],
            )
            status = sent.status()
            status.raise_unless_valid()
        except GatewayError as error:
            if error.refusal is None:
                raise
            said = error.refusal
            return Answer(code=said.code, en=said.en, zh=said.zh)
        return Answer(_value(sent.result), status.block_number)

    def contract(self, by: str, channel: str, chaincode: str) -> Contract:
        """Return a chaincode as `user@Department` calls it."""
        key = (by, channel, chaincode)
        if key not in self._known:
            user, _, department = by.partition("@")
            plan = self._network.plan
            profile = load_profile(profile_file(plan, plan.department(department)))
            made = connect(profile.user(user), profile.peers, clock=self._now, timeouts=PATIENT)
            gateway = self._stack.enter_context(made)
            self._known[key] = gateway.network(channel).contract(chaincode)
        return self._known[key]


class Runner:
    """Runs sessions through a caller; `contracts` are by their names in small letters."""

    def __init__(
        self, network: Network, caller: Caller, contracts: Mapping[str, type[CityContract]]
    ) -> None:
        self._caller = caller
        self._contracts = contracts
        self._development = network.development()
        self.kept: dict[str, str] = {}

    def run(self, name: str, entries: Iterable[Entry]) -> Iterator[Done]:
        """Run the entries of the session `name` one after the other."""
        entries = list(entries)
        channels = {places()[entry.called(name)[0]].channel for entry in entries}
        self._tick(channels)
        for entry in entries:
            if entry.later:
                self._development.move_clock(timedelta(seconds=entry.later))
                self._tick(channels)
            moment = self._development.now()
            call = call_of(entry, name, self.kept, moment, self._signed(entry, name, moment))
            began = time.perf_counter()
            answer = self._caller(call)
            seconds = time.perf_counter() - began
            wanted = resolve(entry.shows, self.kept, moment)
            yield Done(entry, call, answer, seconds, _problem(entry, wanted, answer))
            if entry.keep and answer.result is not None:
                self.kept[entry.keep] = answer.result["id"]

    def _signed(self, entry: Entry, name: str, moment: datetime) -> tuple[int, str] | None:
        """Return a holder's authorisation for a step of a record as it is, with its place among the arguments."""
        if not entry.holder:
            return None
        contract, function = entry.called(name)
        kind, place = self._contracts[contract], places()[contract]
        step = kind.STEPS[function]
        given = _typed(getattr(kind, function), resolve(entry.arguments, self.kept, moment))
        record_id = str(given.pop("id", ""))
        until = format_timestamp(moment + _VALID)
        message = signed_bytes(
            net=self._ask(Place(place.channel, CITY, ""), "parameter", CITY, "net")["value"],
            channel=place.channel,
            contract=kind.contract_name(),
            function=function,
            kind=step.record.KIND,
            id="" if step.names_itself else record_id,
            revision=0
            if step.creates
            else self._revision(entry, place, step.record.KIND, record_id),
            arguments=arguments_digest(given),
            not_after=until,
        )
        signature = holder_key(entry.holder).sign(message).hex()
        authorisation = json.dumps({"not_after": until, "signature": signature})
        return signing_place(kind, function), authorisation

    def _revision(self, entry: Entry, place: Place, kind: str, record_id: str) -> int:
        """Return the revision of a record as the department of an entry reads it."""
        function = f"{place.prefix}:read" if place.prefix else "read"
        return int(self._ask(place, function, kind, record_id, by=entry.by)["revision"])

    def _ask(self, place: Place, function: str, *arguments: str, by: str = "clerk@Audit") -> Any:
        return self._caller(Call(by, place, function, arguments, {}, (), writes=False)).result

    def _tick(self, channels: Iterable[str]) -> None:
        """Tick the clocks of channels, as a department's ticker does; one of them may be first."""
        for channel in sorted(channels):
            place = Place(channel, CITY, "")
            for _ in range(_TICKS):
                slots = self._ask(place, "slots")
                length, newest = slots["length"], slots["newest"]
                slot = int(self._development.now().timestamp()) // length * length
                if slot <= newest:
                    break
                arguments = (str(slot), str(newest))
                with suppress(CommitError):
                    self._caller(Call("clerk@Audit", place, "tick", arguments, {}, (), writes=True))
            else:
                raise RuntimeError(f"the clock of {channel} cannot be ticked")


def _typed(function: Callable[..., Any], arguments: Iterable[Any]) -> dict[str, Any]:
    """Return the arguments of a step as the contract reads them, by name, without the authorisation."""
    hints = get_type_hints(function, include_extras=True)
    names = [one for one in list(inspect.signature(function).parameters)[2:] if one != SIGNATURE]
    return {
        name: conversion(hints[name]).read(as_text(value).encode())
        for name, value in zip(names, arguments, strict=False)
    }


def _problem(entry: Entry, wanted: Any, answer: Answer) -> str:
    if answer.code != entry.refused:
        return f"refused as {answer.code or None!r}, not {entry.refused or None!r}: {answer.en or answer.result}"
    if not entry.refused and not shows(wanted, answer.result):
        return f"{wanted} is not in {answer.result}"
    return ""


def _value(data: bytes) -> Any:
    """Return a result as JSON, or as text."""
    try:
        return json.loads(data)
    except ValueError:
        return data.decode(errors="replace")
