"""Networks on Fabric's own programs broken on purpose: what the development ledger cannot break."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml
from pyfabric_network.network import Network
from pyfabric_network.runtimes.contract_hosts import builder_values
from pyfabric_network.runtimes.node_config import BUILDER_VARIABLE
from pyfabric_network.runtimes.process import Background

from tests.support.network.broken import Broken


def process(network: Network, name: str) -> int:
    """Return the process of a node or contract host."""
    return int((network.plan.root / "nodes" / name / "pid").read_text())


@contextmanager
def hanging(network: Network, *names: str) -> Iterator[list[str]]:
    """Keep processes from running, as ones that hang."""
    found = [process(network, name) for name in names]
    for one in found:
        os.kill(one, signal.SIGSTOP)
    try:
        yield []
    finally:
        for one in found:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)


@contextmanager
def configured(
    network: Network, name: str, change: Callable[[dict[str, Any]], object]
) -> Iterator[None]:
    """Run a node with a changed core.yaml or orderer.yaml, and then again as it was."""
    folder = network.plan.root / "nodes" / name
    launch = json.loads((folder / "launch.json").read_text())
    node = next(one for one in network.plan.own_nodes if one.name == name)
    if node.admin is None:
        values = builder_values(network.plan.owner(node))
        launch["environment"][BUILDER_VARIABLE] = json.dumps(values)
    network.stop_nodes(name)
    change(launch["config"])
    (folder / launch["config_file"]).write_text(yaml.safe_dump(launch["config"]))
    Background(folder / "pid").start(
        launch["argv"],
        output=Path(os.devnull),
        log=folder / "log",
        folder=folder,
        environment=launch["environment"],
    )
    try:
        yield
    finally:
        network.stop_nodes(name)
        network.start_nodes(name)


BROKEN_ON_FABRIC: tuple[Broken, ...] = ()
