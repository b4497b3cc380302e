"""The ledger as a child process with contract hosts: starting, reloading, stopping, being killed."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pyfabric._grpc.aio_driver import AsyncDriver
from pyfabric.client.transactions import evaluate, submit
from pyfabric.errors import GatewayError
from pyfabric.local.sockets import listens
from pyfabric.messages.addresses import Address
from tests.support.ledger.ledger import CHANNEL, LedgerNetwork, contract_host, contract_package

COUNTER = "tests.support.contracts.counter_contract:Counter"


def network_with_hosts(folder: Path) -> LedgerNetwork:
    network = LedgerNetwork.make(folder)
    package_id = contract_package("counter").package_id
    network.with_hosts(
        [
            contract_host(department, package_id, [COUNTER])
            for department in network.departments.values()
        ]
    )
    return network


async def add(network: LedgerNetwork, name: str) -> int:
    first = network.first
    result = await network.driver.run(
        submit([first.peer], first.user(), CHANNEL, "counter", [b"add", name.encode()])
    )
    return int(result.result)


async def value(network: LedgerNetwork, name: str) -> int:
    first = network.first
    return int(
        await network.driver.run(
            evaluate([first.peer], first.user(), CHANNEL, "counter", [b"value", name.encode()])
        )
    )


async def with_driver(network: LedgerNetwork, work: Any) -> Any:
    network.driver = AsyncDriver()
    try:
        return await work()
    finally:
        await network.driver.close()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> LedgerNetwork:
    return network_with_hosts(tmp_path_factory.mktemp("process"))


def test_a_network_with_hosts_lives_and_ends(network: LedgerNetwork) -> None:
    async def work() -> None:
        await network.create_channel()
        await network.deploy("counter")
        assert [await add(network, "a") for _ in range(3)] == [1, 2, 3]

    with network.process():
        asyncio.run(with_driver(network, work))
        places = [Address.parse(one.contract_address) for one in network.departments.values()]
        assert all(listens(place) for place in places)
    assert not any(listens(place) for place in places)


def test_state_is_there_after_a_restart_and_a_kill(network: LedgerNetwork) -> None:
    async def work() -> int:
        return await add(network, "a")

    with network.process() as child:
        assert asyncio.run(with_driver(network, work)) == 4
        child.kill()
        child.wait(timeout=20)
    with network.process():
        assert asyncio.run(with_driver(network, work)) == 5
    places = [Address.parse(one.contract_address) for one in network.departments.values()]
    assert not any(listens(place) for place in places)


def test_a_host_that_dies_comes_back_with_a_reload(network: LedgerNetwork) -> None:
    async def die() -> None:
        first, said = network.first, ""
        while "could not launch chaincode" not in said:  # until the peer notices that it ended
            with pytest.raises(GatewayError) as caught:
                await network.driver.run(
                    submit([first.peer], first.user(), CHANNEL, "counter", [b"die"])
                )
            said = caught.value.details[0].message

    async def read() -> int:
        return await value(network, "a")

    with network.process() as child:
        assert child.stdout is not None
        asyncio.run(with_driver(network, die))
        child.send_signal(signal.SIGHUP)
        answer = json.loads(child.stdout.readline())
        assert answer["reloaded"] is True
        assert asyncio.run(with_driver(network, read)) == 5


def test_what_keeps_a_ledger_from_starting(tmp_path: Path) -> None:
    network = network_with_hosts(tmp_path)
    path = tmp_path / "ledger.json"

    def start(text: str) -> dict[str, Any]:
        path.write_text(text)
        done = subprocess.run(
            [sys.executable, "-m", "pyfabric.ledger", str(path)],
            capture_output=True,
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )
        assert done.returncode == 1
        assert b"Traceback" not in done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    assert "peers" in start("{}")["error"]
    good = network.config.model_dump_json()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(network.first.peer_address.rpartition(":")[2])))
        taken.listen()
        assert network.first.peer_address in start(good)["error"]
    key = network.config.peers[0].tls.key
    key.rename(key.with_suffix(".away"))
    assert str(key) in start(good)["error"]
    key.with_suffix(".away").rename(key)
    hosts = network.config.hosts[0]
    broken = hosts.model_copy(update={"argv": ["/nonexistent/python"]})
    answer = start(network.config.model_copy(update={"hosts": [broken]}).model_dump_json())
    assert "contract host EconInfo" in answer["error"]
