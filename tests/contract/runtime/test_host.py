"""The contract host as its parent process uses it: lines in, lines out, ports opened and closed."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.chaincode.contract_host import Running, answer_of, host_in, host_of_a_file
from tests.support.chaincode.fake_peer import FakePeer

CONTRACTS = """
import time
from pyfabric.chaincode import Context, Contract, query

class Versions(Contract):
    @query
    def edition(self, ctx: Context) -> str:
        return "{version}"

    @query
    def slow(self, ctx: Context) -> str:
        ctx.stub.get_state("started")
        time.sleep(1)
        return "done"
"""
CHATTY = """
import os, sys
from pyfabric.chaincode import Context, Contract, query

print('{"serving": ["forged at import"]}')
sys.stdout.write("half a line")

class Versions(Contract):
    @query
    def edition(self, ctx: Context) -> str:
        print('{"error": "forged by print"}')
        os.write(1, b'{"error": "forged by descriptor"}\\n')
        os.system("echo forged by a child")
        return repr(sys.stdin.read())
"""


@asynccontextmanager
async def host(folder: Path) -> AsyncIterator[Running]:
    (folder / "contracts_chatty.py").write_text(CHATTY)
    for version in ("one", "two"):
        (folder / f"contracts_{version}.py").write_text(CONTRACTS.replace("{version}", version))
    (folder / "contracts_broken.py").write_text("raise ValueError('broken module')")
    async with host_in(folder) as running:
        yield running


def service(version: str, port: int) -> dict[str, Any]:
    return {
        "package_id": f"versions:{version}",
        "address": f"127.0.0.1:{port}",
        "contracts": [f"contracts_{version}:Versions"],
    }


@pytest.mark.asyncio
async def test_old_and_new_package_are_served_side_by_side(
    tmp_path: Path, free_ports: list[int]
) -> None:
    first, second = free_ports
    async with host(tmp_path) as running:
        assert await running.say(service("one", first)) == {"serving": ["versions:one"]}
        async with FakePeer(f"127.0.0.1:{first}") as old:
            both = await running.say(service("one", first), service("two", second))
            assert both == {"serving": ["versions:one", "versions:two"]}
            async with FakePeer(f"127.0.0.1:{second}") as new:
                assert (old.registered, new.registered) == ("versions:one", "versions:two")
                assert (await old.invoke("edition")).payload == b"one"
                assert (await new.invoke("edition")).payload == b"two"
                assert await running.say(service("two", second)) == {"serving": ["versions:two"]}
                await asyncio.wait_for(old.ended.wait(), 10)
                assert (await new.invoke("edition")).payload == b"two"


@pytest.mark.asyncio
async def test_what_contracts_print_is_in_the_log_and_never_an_answer(
    tmp_path: Path, free_ports: list[int]
) -> None:
    first, second = free_ports
    async with host(tmp_path) as running:
        assert await running.say(service("chatty", first)) == {"serving": ["versions:chatty"]}
        async with FakePeer(f"127.0.0.1:{first}") as peer:
            assert (await peer.invoke("edition")).payload == b"''"  # nor is its input the host's
        both = await running.say(service("chatty", first), service("two", second))
        assert both == {"serving": ["versions:chatty", "versions:two"]}
    log = (tmp_path / "log").read_text()
    for text in ("at import", "half a line", "by print", "by descriptor", "by a child"):
        assert text in log


@pytest.mark.asyncio
async def test_a_port_may_pass_from_one_package_to_another(
    tmp_path: Path, free_ports: list[int]
) -> None:
    port = free_ports[0]
    async with host(tmp_path) as running:
        await running.say(service("one", port))
        assert await running.say(service("two", port)) == {"serving": ["versions:two"]}
        async with FakePeer(f"127.0.0.1:{port}") as peer:
            assert (await peer.invoke("edition")).payload == b"two"


@pytest.mark.asyncio
async def test_what_cannot_be_served_is_down_and_the_rest_goes_on(
    tmp_path: Path, free_ports: list[int]
) -> None:
    first, second = free_ports
    good = service("one", first)
    async with host(tmp_path) as running:
        await running.say(good)
        for line, text in {
            "junk": "not a list of services",
            '{"services":[],"other":1}': "Extra inputs are not permitted",
            '{"services":[{"package_id":"a"}]}': "Field required",
        }.items():
            assert text in (await running.line(line))["error"]
        for change, text in (
            ({"contracts": ["nowhere:Versions"]}, "No module named 'nowhere'"),
            ({"contracts": ["contracts_two:Other"]}, "has no contract class Other"),
            ({"contracts": ["contracts_two:query"]}, "has no contract class query"),
            ({"contracts": ["contracts_two"]}, "write module:Class"),
            ({"contracts": ["contracts_broken:Versions"]}, "ValueError: broken module"),
            ({"contracts": []}, "needs a contract"),
            ({"tls_certificate": "missing.pem"}, "cannot read missing.pem"),
            ({"tls_key": "contracts_one.py"}, "both a certificate and its key"),
            ({"tls_certificate": "contracts_one.py"}, "both a certificate and its key"),
            ({"client_certificates": "PEM"}, "client_certificates without a TLS certificate"),
            ({"address": f"127.0.0.1:{first}"}, "cannot listen on"),
        ):
            answer = await running.say(good, service("two", second) | change)
            assert answer["serving"] == ["versions:one"]
            assert text in answer["down"]["versions:two"]
        async with FakePeer(f"127.0.0.1:{first}") as peer:
            assert (await peer.invoke("edition")).payload == b"one"


@pytest.mark.asyncio
@pytest.mark.parametrize("way", ["stdin", signal.SIGTERM, signal.SIGINT])
async def test_it_ends_when_its_parent_or_a_signal_says_so_and_answers_first(
    tmp_path: Path, free_ports: list[int], way: str | signal.Signals
) -> None:
    async with host(tmp_path) as running:
        await running.say(service("one", free_ports[0]))
        async with FakePeer(f"127.0.0.1:{free_ports[0]}") as peer:
            slow = asyncio.ensure_future(peer.invoke("slow"))
            while not peer.received:
                await asyncio.sleep(0.01)
            if isinstance(way, signal.Signals):
                running.process.send_signal(way)
            else:
                assert running.process.stdin is not None
                running.process.stdin.close()
            assert (await slow).payload == b"done"
        assert await running.end() == 0


@pytest.mark.asyncio
async def test_a_host_may_read_what_is_wanted_from_a_file_again_at_each_sighup(
    tmp_path: Path, free_ports: list[int]
) -> None:
    (tmp_path / "contracts_one.py").write_text(CONTRACTS.replace("{version}", "one"))
    file = tmp_path / "services.json"
    file.write_text('{"services": []}')
    async with host_of_a_file(tmp_path, file) as process:
        assert await answer_of(process) == {"serving": []}
        file.write_text(json.dumps({"services": [service("one", free_ports[0])]}, indent=1))
        process.send_signal(signal.SIGHUP)
        assert await answer_of(process) == {"serving": ["versions:one"]}
        async with FakePeer(f"127.0.0.1:{free_ports[0]}") as peer:
            assert (await peer.invoke("edition")).payload == b"one"
        file.unlink()
        process.send_signal(signal.SIGHUP)
        assert "not a list of services" in (await answer_of(process))["error"]
        file.write_text('{"services": []}')
        process.send_signal(signal.SIGHUP)
        assert await answer_of(process) == {"serving": []}
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0
