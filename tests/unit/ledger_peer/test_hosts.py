"""Contract hosts as child processes, working and failing; and the program around the node."""

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from pyfabric.errors import NetworkError
from pyfabric.ledger import __main__ as program
from pyfabric.ledger.config import HostConfig
from pyfabric.ledger.nodes.hosts import ContractHost, ContractHosts
from tests.support.ledger.ledger import LedgerNetwork

ECHO = """
import json, sys
for line in sys.stdin:
    print(json.dumps({"serving": json.loads(line)["services"]}), flush=True)
"""
ONCE = """
print('{"serving": []}', flush=True) if input() else None
input()
"""


def config(script: str, name: str = "host", **services: Any) -> HostConfig:
    return HostConfig(
        name=name, argv=[sys.executable, "-c", script], services={"services": [], **services}
    )


def alive(pid: int | None) -> bool:
    return pid is not None and Path(f"/proc/{pid}").exists()


@pytest.mark.asyncio
async def test_hosts_follow_their_configurations() -> None:
    hosts = ContractHosts()
    await hosts.apply([config(ECHO, "a"), config(ECHO, "b")])
    first = hosts.pids()
    await hosts.apply([config(ECHO, "a", more=1), config(ECHO + "\n", "b")])
    second = hosts.pids()
    assert second["a"] == first["a"]
    assert second["b"] != first["b"]
    await hosts.apply([config(ECHO, "a")])
    assert hosts.pids() == {"a": first["a"]}
    assert not alive(second["b"])
    await hosts.stop()
    assert not alive(first["a"])
    await hosts.stop()


@pytest.mark.asyncio
async def test_a_host_that_ends_when_it_is_told_is_started_again() -> None:
    host = ContractHost(config(ONCE))
    await host.apply(config(ONCE))
    first = host.pid
    await host.apply(config(ONCE))
    assert host.running
    assert host.pid != first
    await host.stop()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("raise SystemExit(3)", "stopped without an answer"),
        ("input(); print('hello', flush=True); input()", "which is not JSON"),
        (
            'input(); print(\'{"error": "no module x"}\', flush=True); input()',
            "contract host host: no module x",
        ),
    ],
)
async def test_hosts_that_do_not_serve(script: str, text: str) -> None:
    host = ContractHost(config(script))
    with pytest.raises(NetworkError, match=text):
        await host.apply(config(script))
    await host.stop()


@pytest.mark.asyncio
async def test_a_program_that_is_not_there() -> None:
    wrong = HostConfig(name="host", argv=["/nonexistent"], services={})
    host = ContractHost(wrong)
    with pytest.raises(NetworkError, match=r"contract host host: .*No such file"):
        await host.apply(wrong)
    assert host.pid is None
    await host.stop()


@pytest.mark.asyncio
async def test_a_port_that_becomes_free_is_waited_for() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        wanted = config(ECHO).model_copy(update={"services": {"services": [{"address": place}]}})
        host = ContractHost(wanted)
        starting = asyncio.create_task(host.apply(wanted))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert host.pid is None
    await starting
    assert alive(host.pid)
    await host.stop()


def test_the_program_reloads_and_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = LedgerNetwork.make(tmp_path, ("EconInfo",))
    path = tmp_path / "ledger.json"
    path.write_text(network.config.model_dump_json())
    said: list[dict[str, Any]] = []
    original = program._say

    def say(message: dict[str, Any]) -> None:
        original(message)
        said.append(message)
        if message.get("ready"):
            os.kill(os.getpid(), signal.SIGHUP)
        elif message.get("reloaded"):
            path.write_text("{}")
            os.kill(os.getpid(), signal.SIGHUP)
        else:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(program, "_say", say)
    monkeypatch.setattr(sys, "argv", ["ledger", str(path)])
    assert program.main() == 0
    assert [set(one) & {"ready", "reloaded", "error"} for one in said] == [
        {"ready"},
        {"reloaded"},
        {"reloaded", "error"},
    ]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == said
    assert lines[0]["pid"] == os.getpid()


def test_how_the_program_is_called(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["ledger"])
    assert program.main() == 2
    assert "usage" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["ledger", str(tmp_path / "missing.json")])
    assert program.main() == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["ready"] is False
    assert "missing.json" in answer["error"]
