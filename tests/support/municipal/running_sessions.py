"""Example sessions run by the command `pyfabric` on a city that is up, deployed and founded."""

import inspect
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from pyfabric_cli.acting import Actor
from pyfabric_municipal.common.authorisation import arguments_digest, signed_bytes
from pyfabric_municipal.common.contract import CityContract
from pyfabric_municipal.common.testing.stage import holder_key
from pyfabric_municipal.common.values.timestamps import format_timestamp
from pyfabric_network.network import Network

from pyfabric.gateway import Gateway, connect
from tests.support.commands import Ended, run_command
from tools.found_city import PATIENT
from tools.sessions import (
    Entry,
    Place,
    places,
    read_session,
    resolve,
    shows,
    signing_place,
    words_of,
)

_VALID = timedelta(minutes=10)
_TICKS = 5


class RunningSession:
    """A session on a network, whose clock goes with it; `contracts` are by their names in small letters."""

    def __init__(
        self, network: Network, name: str, contracts: Mapping[str, type[CityContract]]
    ) -> None:
        self.network = network
        self.name = name
        self.contracts = contracts
        self.kept: dict[str, str] = {}
        self.development = network.development()

    @property
    def moment(self) -> datetime:
        """The time of the nodes."""
        return self.development.now()

    def run(self, file: Path) -> None:
        """Run each entry; raises AssertionError for the first one that comes to something else than it says."""
        entries = read_session(file)
        channels = {places()[entry.called(self.name)[0]].channel for entry in entries}
        self._tick(channels)
        for number, entry in enumerate(entries, start=1):
            if entry.later:
                self.development.move_clock(timedelta(seconds=entry.later))
                self._tick(channels)
            where = f"{file.name}, entry {number} ({entry.en})"
            ended = self._command(self._words(entry))
            if entry.refused:
                self._check_refusal(where, entry, ended)
            else:
                self._check_result(where, entry, ended)

    def _words(self, entry: Entry) -> list[str]:
        signed = None
        if entry.holder:
            contract, function = entry.called(self.name)
            number = signing_place(self.contracts[contract], function)
            signed = (number, json.dumps(self._authorisation(entry, contract, function)))
        return words_of(entry, self.name, self.kept, self.moment, signed)

    def _command(self, words: list[str]) -> Ended:
        """Run a command line, with the clock of the nodes."""

        def gateway(actor: Actor) -> Gateway:
            return connect(
                actor.identity, actor.peers, clock=self.development.now, timeouts=PATIENT
            )

        environment = {"PYFABRIC_STATE": str(self.network.folder)}
        with mock.patch.object(Actor, "gateway", gateway):
            return run_command(*words[1:], "-o", "json", **environment)

    def _check_refusal(self, where: str, entry: Entry, ended: Ended) -> None:
        said = json.loads(ended.err.splitlines()[-1]) if ended.err else {}
        code = (said.get("refusal") or {}).get("code")
        assert code == entry.refused, f"{where}: refused as {code!r}: {ended.err}{ended.out}"

    def _check_result(self, where: str, entry: Entry, ended: Ended) -> None:
        assert ended.code == 0, f"{where}: {ended.err}"
        found = ended.json()
        found = found["result"] if entry.invoke else found
        wanted = resolve(entry.shows, self.kept, self.moment)
        assert shows(wanted, found), f"{where}: {wanted} is not in {found}"
        if entry.keep:
            self.kept[entry.keep] = found["id"]

    def _authorisation(self, entry: Entry, contract: str, function: str) -> dict[str, str]:
        """Return a holder's signature over a step of a record as it stands."""
        step, place = self.contracts[contract].STEPS[function], places()[contract]
        names = list(inspect.signature(getattr(self.contracts[contract], function)).parameters)
        given = dict(
            zip(
                (name for name in names[2:] if name != "authorisation"),
                resolve(entry.arguments, self.kept, self.moment),
                strict=False,
            )
        )
        record_id = given.pop("id", "")
        until = format_timestamp(self.moment + _VALID)
        message = signed_bytes(
            net=self._parameter(place, "net"),
            channel=place.channel,
            contract=self.contracts[contract].contract_name(),
            function=function,
            kind=step.record.KIND,
            id="" if step.names_itself else record_id,
            revision=0
            if step.creates
            else self._revision(entry, place, step.record.KIND, record_id),
            arguments=arguments_digest(given),
            not_after=until,
        )
        return {"not_after": until, "signature": holder_key(entry.holder).sign(message).hex()}

    def _parameter(self, place: Place, name: str) -> str:
        found = self._query(place, "city", "parameter", "city", name)
        return str(found["value"])

    def _revision(self, entry: Entry, place: Place, kind: str, record_id: str) -> int:
        """Return the revision of a record as the department of an entry reads it."""
        function = f"{place.prefix}:read" if place.prefix else "read"
        found = self._query(place, place.chaincode, function, kind, record_id, by=entry.by)
        return int(found["revision"])

    def _query(self, place: Place, chaincode: str, *call: str, by: str = "clerk@Audit") -> Any:
        user, _, department = by.partition("@")
        who = ("--context", department, "--user", user, "--channel", place.channel)
        return self._command(["pyfabric", "chaincode", "query", chaincode, *call, *who]).json()

    def _tick(self, channels: Iterable[str]) -> None:
        """Tick the clocks of channels, as a department's ticker does; one of them may be first."""
        for channel in sorted(channels):
            place, ended = Place(channel, "city", ""), None
            who = ("--context", "Audit", "--user", "clerk", "--channel", channel)
            for _ in range(_TICKS):
                slots = self._query(place, "city", "slots")
                slot = int(self.moment.timestamp()) // slots["length"] * slots["length"]
                if slot <= slots["newest"]:
                    break
                tick = ("tick", str(slot), str(slots["newest"]))
                ended = self._command(["pyfabric", "chaincode", "invoke", "city", *tick, *who])
            else:
                raise AssertionError(f"the clock of {channel} cannot be ticked: {ended}")
