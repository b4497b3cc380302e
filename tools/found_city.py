"""Found the channels of a city's network: what the departments agree on in the contract `city` before anything else.

    python tools/found_city.py STATE        found the channels of a running network of network/city.yaml

A channel gets its departments, calendars, and the roles, parameters and code lists that the `founding_items` beside each of its contracts name.
The first department proposes, a majority agrees, and the channel's clock begins.
"""

import argparse
import importlib
import json
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from pyfabric_municipal.catalogue import bundled_calendars, bundled_catalogue
from pyfabric_municipal.common.values import canonical_json
from pyfabric_municipal.common.values.workdays import YearCalendar
from pyfabric_municipal.departments import Department
from pyfabric_network.network import Network
from pyfabric_network.profile import load_profile, profile_file

from pyfabric.chaincode import to_json
from pyfabric.errors import FabricError
from pyfabric.gateway import Contract, Retry, Timeouts, connect

CITY: Final = "city"
PATIENT: Final = Timeouts(evaluate=60, endorse=60, submit=60)
"""Timeouts for a whole city on one machine, where dozens of processes start at once."""
RETRY: Final = Retry(attempts=8)
"""A peer that is a block behind the others endorses otherwise: nothing is sent then, and it is done again."""

_CLOCK_SECONDS: Final = 120.0
_NET: Final[dict[str, Any]] = {
    "builds_on": 0,
    "content": {
        "kind": "parameter",
        "contract": "city",
        "name": "net",
        "type": "text",
        "unit": "",
        "mark": "K",
        "source": "",
        "value": "city",
    },
}
"""The name of the network, which each signature of a holder names."""


def calendars_around(year: int) -> list[YearCalendar]:
    """Return the calendars of the year before, from which decisions may be, of a year and of the next one."""
    known = {calendar.year: calendar for calendar in bundled_calendars()}
    return [known.get(one) or YearCalendar(year=one) for one in range(year - 1, year + 2)]


def founding_of(
    packages: Iterable[str], members: Sequence[Department], calendars: Sequence[YearCalendar]
) -> list[dict[str, Any]]:
    """Return the items of the first change on a channel with the contracts of these packages, which share departments and calendars.

    A package without a module `founding` is founded by another one of its chaincode.
    """
    items = {canonical_json(_NET): _NET}
    for name in packages:
        if find_spec(f"{name}.founding") is None:
            continue
        module = importlib.import_module(f"{name}.founding")
        if not hasattr(module, "founding_items"):
            continue
        for item in module.founding_items(members, calendars):
            items.setdefault(canonical_json(item), item)
    return list(items.values())


def found(network: Network) -> None:
    """Found each channel of a network that has contracts beside `city`; returns when its clock runs.

    Raises what the gateway raises, and FabricError if a clock does not begin.
    """
    calendars = calendars_around(datetime.now(UTC).year)
    known = {one.msp_id: one for one in bundled_catalogue().departments}
    with ExitStack() as stack:
        begun = []
        for channel in network.plan.channels.values():
            packages = [
                path.rpartition(".")[0]
                for one in channel.contracts
                if one.name != CITY
                for path in one.spec.classes
            ]
            if not packages:
                continue
            members = [known[f"{one.name}MSP"] for one in channel.departments]
            governors = {
                one.msp_id: _governor(network, one.msp_id, channel.name, stack) for one in members
            }
            _agree(governors, founding_of(packages, members, calendars))
            begun.append(next(iter(governors.values())))
        for contract in begun:
            await_clock(contract)


def _governor(network: Network, msp_id: str, channel: str, stack: ExitStack) -> Contract:
    """Return the contract `city` as the governor of a department calls it."""
    department = network.plan.department(msp_id.removesuffix("MSP"))
    profile = load_profile(profile_file(network.plan, department))
    gateway = stack.enter_context(
        connect(profile.user("governor"), profile.peers, timeouts=PATIENT)
    )
    return gateway.network(channel).contract(CITY)


def _agree(governors: dict[str, Contract], items: list[dict[str, Any]]) -> None:
    """Propose a channel's first change, approve it by a majority, and enact it at their peers."""
    voters = list(governors)[: len(governors) // 2 + 1]
    first = governors[voters[0]]
    change = first.submit("propose", to_json(items), "筹建", "", retry=RETRY).decode()
    for msp_id in voters[1:]:
        governors[msp_id].submit("approve", change, retry=RETRY)
    first.submit("enact", change, endorsing_organizations=voters, retry=RETRY)


def await_clock(contract: Contract) -> None:
    """Wait until a channel's clock runs; raises FabricError if it does not begin."""
    deadline = time.monotonic() + _CLOCK_SECONDS
    while json.loads(contract.evaluate("slots"))["newest"] is None:
        if time.monotonic() > deadline:
            raise FabricError(f"the channel's clock has not begun within {_CLOCK_SECONDS:.0f} s")
        time.sleep(0.2)


def main(arguments: Sequence[str]) -> int:
    """Found the channels of a network that is up and whose contracts are deployed."""
    parser = argparse.ArgumentParser(description="found the channels of the city")
    parser.add_argument("state", type=Path, help="the folder of the network's state")
    found(Network.open(parser.parse_args(arguments).state))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
