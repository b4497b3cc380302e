"""Show what the city's contracts do: each scenario with its refusals, a table, a report as one HTML file, and a search for leaks.

    python tools/demo_city.py [--report FILE]

Starts the network of network/city.yaml in a temporary folder, deploys its contracts and founds its channels. Run by `make demo-city`.
The calls are those of sessions (tools/sessions.py): of the contracts' pages, and of tools/scenarios.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from fabric_protos.common import ledger_pb2
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.topology.bundled import bundled_topologies

from pyfabric.errors import FabricError
from tools.city_report import Ran, Searched, report
from tools.found_city import CITY, found
from tools.leaks import Search, Secret
from tools.make_contract_pages import contracts
from tools.run_sessions import Clients, Done, Runner
from tools.secrets_of_calls import secrets_of
from tools.sessions import FOLDER, read_session

SCENARIOS: Final = Path(__file__).resolve().parent / "scenarios"
READER: Final = "clerk@Audit"
"""Who reads the blocks of every channel."""


class Scenario(NamedTuple):
    """A scenario: its titles, and the sessions that it runs, by their contracts."""

    en: str
    zh: str
    sessions: tuple[tuple[str, Path], ...]


def scenarios() -> list[Scenario]:
    """Return the scenarios in their order."""
    own = FOLDER
    return [
        Scenario(
            "Park funding by credit",
            "按信用等级的园区资助",
            (("funding", own / "funding.yaml"),),
        ),
        Scenario(
            "A house sale with a live mortgage",
            "带押过户的二手房交易",
            (("estate", SCENARIOS / "house_sale.yaml"),),
        ),
    ]


def run(network: Network, chosen: Iterable[Scenario]) -> Iterator[tuple[Scenario, list[Done]]]:
    """Run scenarios one after the other on a founded city; raises FabricError where one differs from what it says."""
    kinds = {one.contract_name().lower(): one for one in contracts()}
    with Clients(network, network.development().now) as clients:
        for scenario in chosen:
            lines = []
            for name, file in scenario.sessions:
                for done in Runner(network, clients, kinds).run(name, read_session(file)):
                    lines.append(done)
                    if done.problem:
                        raise FabricError(f"{scenario.en}: {done.entry.en} {done.problem}")
            yield scenario, lines


def search(network: Network, secrets: Sequence[Secret]) -> Searched:
    """Look through all blocks of all channels for secrets."""
    blocks = {}
    with Clients(network, network.development().now) as clients:
        for name, channel in network.plan.channels.items():
            if all(one.name == CITY for one in channel.contracts):
                continue
            system = clients.contract(READER, name, "qscc")
            info = ledger_pb2.BlockchainInfo.FromString(system.evaluate("GetChainInfo", name))
            blocks[name] = [
                system.evaluate("GetBlockByNumber", name, str(number))
                for number in range(info.height)
            ]
    looking = Search(secrets)
    leaks = {name: looking.leaks(each) for name, each in blocks.items()}
    every = [one for each in blocks.values() for one in each]
    return Searched(secrets, len(every), sum(map(len, every)), leaks)


def show(network: Network, chosen: Iterable[Scenario]) -> tuple[list[Ran], Searched]:
    """Run scenarios, print a line for each call and a table, and search the blocks; returns what a report has."""
    ran = []
    for scenario, lines in run(network, chosen):
        print(f"\n{scenario.en} · {scenario.zh}")
        for done in lines:
            print(_line(done))
        ran.append(Ran(scenario.en, scenario.zh, lines))
    secrets = secrets_of(done.call for one in ran for done in one.lines)
    searched = search(network, secrets)
    print(f"\n{'scenario':48} {'steps':>6} {'refused':>8} {'ms a step':>10}")
    for one in ran:
        steps = [done for done in one.lines if done.call.writes and not done.answer.code]
        refused = len([done for done in one.lines if done.answer.code])
        spent = sum(done.seconds for done in steps) * 1000 / max(len(steps), 1)
        print(f"{one.en:48} {len(steps):6} {refused:8} {spent:10.0f}")
    print(
        f"{len(searched.secrets)} private texts looked for in {searched.blocks} blocks ({searched.size} bytes): "
        f"{sum(map(len, searched.leaks.values()))} found"
    )
    return ran, searched


def _line(done: Done) -> str:
    block = "-" if done.answer.block is None else str(done.answer.block)
    outcome = f"REFUSED ({done.answer.code})" if done.answer.code else ""
    return f"{block:>5}  {done.entry.by:24} {done.entry.en} {outcome}".rstrip()


def main(arguments: Sequence[str]) -> int:
    """Start the city, show the scenarios, write the report, and stop everything."""
    parser = argparse.ArgumentParser(description="scenarios of the city on its contracts")
    parser.add_argument("--report", type=Path, default=Path("demo-city.html"))
    target = parser.parse_args(arguments).report
    signal.signal(signal.SIGTERM, _stop)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="demo-city-") as folder:
        network = Network.prepare(
            bundled_topologies()["city"], Path(folder), base_port=ANY_FREE_PORT
        )
        try:
            network.up()
            network.deploy()
            network.development().cut_blocks(at_once=True)
            found(network)
            print(f"the city is up and founded after {time.monotonic() - began:.0f} s")
            ran, searched = show(network, scenarios())
        except FabricError as error:
            print(f"demo-city: {error}", file=sys.stderr)
            return 1
        finally:
            network.down(delete=True)
    target.write_text(report(ran, searched), encoding="utf-8")
    print(f"report: {target}; everything is stopped after {time.monotonic() - began:.0f} s")
    return 1 if any(searched.leaks.values()) else 0


def _stop(*_: object) -> NoReturn:
    raise SystemExit(143)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
