"""Contracts' processes: one that terminates takes nothing else down, and has few rights."""

import asyncio
import json
import os
import pwd
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from pyfabric._grpc.rest import tls_context
from pyfabric.chaincode.code import code_digest, read_code
from tests.support.chaincode.contract_host import Running, answer_of, host_in, host_of_a_file
from tests.support.chaincode.fake_peer import FakePeer
from tests.support.ledger.ledger import Department
from tests.support.ports import free_address

CONTRACT = """
import json, os, resource, signal, subprocess, sys, threading, time
from pathlib import Path
from pyfabric.chaincode import Context, Contract, query

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def stop():
    os._exit(0)

def fail():
    os._exit(3)

WAYS = {each.__name__: each for each in (die, stop, fail, os.abort)}
BELOW = []

class Life(Contract):
    running = most = 0
    lock = threading.Lock()

    @query
    def leave(self, ctx: Context, way: str) -> str:
        BELOW.append(subprocess.Popen(["sleep", "600"]))
        Path("below").write_text(str(BELOW[-1].pid))
        WAYS[way]()

    @query
    def process(self, ctx: Context) -> int:
        return os.getpid()

    @query
    def allocate(self, ctx: Context, size: int) -> int:
        return len(bytearray(size))

    @query
    def side_by_side(self, ctx: Context) -> int:
        with self.lock:
            Life.running += 1
            Life.most = max(Life.most, Life.running)
        time.sleep(0.05)
        with self.lock:
            Life.running -= 1
        return Life.most

    @query
    def rights(self, ctx: Context) -> str:
        status = dict(line.split(":\\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
        found = {
            "new privileges": status["NoNewPrivs"],
            "users": status["Uid"].split(),
            "groups": status["Groups"].split(),
            "environment": dict(os.environ),
            "core": resource.getrlimit(resource.RLIMIT_CORE),
            "files": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
            "processes": resource.getrlimit(resource.RLIMIT_NPROC)[1],
            "data": resource.getrlimit(resource.RLIMIT_DATA),
            "nice": os.nice(0),
            "session": os.getsid(0) == os.getpid(),
            "open": [os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd") if Path(f"/proc/self/fd/{n}").exists()],
            "owner of /proc/self": os.stat("/proc/self").st_uid,
        }
        return json.dumps(found)

    @query
    def read(self, ctx: Context, file: str) -> str:
        return Path(file).read_text()
"""
FORGED = """
import os
from contextlib import suppress
for number in range(3, 12):
    with suppress(OSError):
        os.write(number, TEXT + b"\\n")
os._exit(6)
"""
BROKEN = {
    FORGED.replace("TEXT", "b'[' * 50000"): "its process terminated (exit code 6)",
    FORGED.replace("TEXT", "b'junk'"): "its process terminated (exit code 6)",
    FORGED.replace("TEXT", "b'x' * 100000"): "its process terminated (exit code 6)",
    "raise ValueError('x' * 1000000)": "ValueError: xxx",
    "raise ValueError('broken module')": "ValueError: broken module",
    "def (": "SyntaxError: ",
    "import nowhere": "No module named 'nowhere'",
    "import sys; sys.exit(4)": "SystemExit: 4",
    "import os; os._exit(5)": "its process terminated (exit code 5)",
    "import os; os.abort()": "its process terminated (SIGABRT)",
    "": "has no contract class Life",
}


def service(name: str, port: int, **changes: Any) -> dict[str, Any]:
    usual = {"address": f"127.0.0.1:{port}", "contracts": [f"{name}:Life"]}
    return {"package_id": f"{name}:1"} | usual | changes


@asynccontextmanager
async def host(folder: Path, *names: str) -> AsyncIterator[Running]:
    for name in names:
        (folder / f"{name}.py").write_text(CONTRACT)
    async with host_in(folder) as running:
        yield running


@asynccontextmanager
async def peer_of(port: int) -> AsyncIterator[FakePeer]:
    """Yield a peer that tries to connect until the contract is there."""
    while True:
        peer = FakePeer(f"127.0.0.1:{port}")
        try:
            await peer.__aenter__()
            break
        except (EOFError, grpc.aio.AioRpcError):
            await peer.channel.close()
            await asyncio.sleep(0.05)
    try:
        yield peer
    finally:
        await peer.__aexit__(None, None, None)


async def leave(port: int, way: str) -> None:
    """Call the function that terminates the process, and wait until it has."""
    async with peer_of(port) as peer:
        process = Path("/proc") / (await peer.invoke("process")).payload.decode()
        call = asyncio.ensure_future(peer.invoke("leave", way))
        await asyncio.wait_for(peer.ended.wait(), 30)
        call.cancel()
    while process.exists():
        await asyncio.sleep(0.01)


async def rights(port: int) -> dict[str, Any]:
    async with FakePeer(f"127.0.0.1:{port}") as peer:
        found: dict[str, Any] = json.loads((await peer.invoke("rights")).payload)
        return found


def write_code(folder: Path, text: str, **helpers: str) -> dict[str, str]:
    """Write the module `one`, and others, to a folder with the name of their digest."""
    folder.mkdir()
    for name, content in {"one": text, **helpers}.items():
        (folder / f"{name}.py").write_text(content)
    digest = code_digest(read_code(folder))
    return {"digest": folder.rename(folder.with_name(digest)).name}


def set_mode(mode: int, *folders: Path) -> None:
    for folder in folders:
        folder.chmod(mode)


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""  # nor is it a zombie
    except FileNotFoundError:
        return False


async def gone(pid: int) -> None:
    while runs(pid):
        await asyncio.sleep(0.01)


@pytest.mark.asyncio
@pytest.mark.parametrize("way", ["stop", "fail", "die", "abort"])
async def test_one_that_terminates_is_served_again_and_others_never_notice(
    tmp_path: Path, free_ports: list[int], way: str
) -> None:
    first, second = free_ports
    async with host(tmp_path, "one", "two") as running:
        both = await running.say(service("one", first), service("two", second))
        assert both == {"serving": ["one:1", "two:1"]}
        async with FakePeer(f"127.0.0.1:{second}") as other:
            process = (await other.invoke("process")).payload
            for _ in range(2):
                await leave(first, way)
                assert (await other.invoke("process")).payload == process
                await asyncio.wait_for(gone(int((tmp_path / "below").read_text())), 30)
            async with peer_of(first) as peer:
                assert (await peer.invoke("process")).payload != process
            assert (await other.invoke("process")).payload == process
    assert "one:1 is down: its process terminated" in (tmp_path / "log").read_text()


@pytest.mark.asyncio
async def test_a_line_ends_the_pause_and_leaves_the_others_alone(
    tmp_path: Path, free_ports: list[int]
) -> None:
    first, second = free_ports
    services = service("one", first), service("two", second)
    async with host(tmp_path, "one", "two") as running:
        await running.say(*services)
        async with FakePeer(f"127.0.0.1:{second}") as other:
            process = (await other.invoke("process")).payload
            for _ in range(6):
                await leave(first, "fail")
                assert await running.say(*services) == {"serving": ["one:1", "two:1"]}
            assert await running.say(services[1]) == {"serving": ["two:1"]}
            (tmp_path / "one.py").write_text(CONTRACT.replace("return os.getpid()", "return 1"))
            await running.say(*services)
            async with FakePeer(f"127.0.0.1:{first}") as changed:
                assert (await changed.invoke("process")).payload == b"1"
            assert (await other.invoke("process")).payload == process


@pytest.mark.asyncio
async def test_what_cannot_be_imported_is_down_until_it_is_mended(
    tmp_path: Path, free_ports: list[int]
) -> None:
    first, second = free_ports
    services = service("one", first), service("two", second)
    async with host(tmp_path, "one", "two") as running:
        await running.say(services[1])
        async with FakePeer(f"127.0.0.1:{second}") as other:
            for text, reason in BROKEN.items():
                (tmp_path / "one.py").write_text(text)
                while True:  # it may have begun with the text before
                    answer = await running.say(*services)
                    assert answer["serving"] == ["two:1"]
                    assert list(answer["down"]) == ["one:1"]
                    if reason in answer["down"]["one:1"]:
                        break
                assert (await other.invoke("process")).status == 200
            (tmp_path / "one.py").write_text(CONTRACT)
            async with peer_of(first) as mended:  # by itself
                assert (await mended.invoke("process")).status == 200
    assert (tmp_path / "log").read_text().count("ValueError: broken module") <= 3


@pytest.mark.asyncio
async def test_code_is_served_if_it_has_the_digest_each_version_its_own(
    tmp_path: Path, free_ports: list[int]
) -> None:
    notes = CONTRACT.replace("return os.getpid()", "return texts.TEXT") + "\nimport texts\n"
    codes = [
        write_code(tmp_path / text, notes, texts=f"TEXT = {number}")
        for number, text in enumerate(("first", "second", "third"), start=1)
    ]
    (tmp_path / codes[2]["digest"] / "texts.py").write_text("TEXT = 4")
    services = [
        service("one", port, package_id=f"one_{number}:{number}", **code)
        for number, port, code in zip((1, 2, 3), (*free_ports, 1), codes, strict=True)
    ]
    async with host_in(tmp_path) as running:
        answer = await running.say(*services)
        assert answer["serving"] == ["one_1:1", "one_2:2"]
        assert re.fullmatch(
            f"one_3: the code in .*, and {codes[2]['digest']} is wanted.*",
            answer["down"]["one_3:3"],
        )
        for number, port in enumerate(free_ports, start=1):
            async with FakePeer(f"127.0.0.1:{port}") as peer:
                assert (await peer.invoke("process")).payload == str(number).encode()


@pytest.mark.asyncio
async def test_a_host_of_a_file_starts_them_again_and_stops_in_a_pause(
    tmp_path: Path, free_ports: list[int]
) -> None:
    (tmp_path / "one.py").write_text(CONTRACT)
    file = tmp_path / "services.json"
    file.write_text(json.dumps({"services": [service("one", free_ports[0])]}))
    async with host_of_a_file(tmp_path, file) as process:
        await answer_of(process)
        for _ in range(2):
            await leave(free_ports[0], "fail")
            process.send_signal(signal.SIGHUP)
            assert await answer_of(process) == {"serving": ["one:1"]}
        await leave(free_ports[0], "fail")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("way", ["kill", "close"])
async def test_contracts_do_not_outlive_their_host(
    tmp_path: Path, free_ports: list[int], way: str
) -> None:
    async with host(tmp_path, "one") as running:
        await running.say(service("one", free_ports[0]))
        async with FakePeer(f"127.0.0.1:{free_ports[0]}") as peer:
            process = int((await peer.invoke("process")).payload)
            assert process != running.process.pid
            if way == "kill":
                running.process.kill()
            else:
                assert running.process.stdin is not None
                running.process.stdin.close()
            await asyncio.wait_for(peer.ended.wait(), 30)
        await asyncio.wait_for(gone(process), 30)
        await running.end()


@pytest.mark.asyncio
async def test_one_that_ignores_the_wish_to_stop_is_killed(
    tmp_path: Path, free_ports: list[int]
) -> None:
    (tmp_path / "one.py").write_text(
        CONTRACT + "\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
    )
    async with host_in(tmp_path) as running:
        await running.say(service("one", free_ports[0]))
        assert await running.say() == {"serving": []}
    assert "one:1 was killed: it did not stop" in (tmp_path / "log").read_text()


@pytest.mark.asyncio
async def test_a_contract_has_the_rights_that_it_needs(
    tmp_path: Path, free_ports: list[int]
) -> None:
    (tmp_path / "one.py").write_text(CONTRACT)
    environment = {"PATH": os.environ["PATH"], "SECRET": "hidden", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    async with host_in(tmp_path, **environment) as running:
        await running.say(service("one", free_ports[0], nice=3))
        found = await rights(free_ports[0])
    assert found["new privileges"] == "1"
    assert found["environment"].keys() - {"LC_CTYPE"} == {"PATH", "LC_ALL", "TZ"}
    assert (found["core"], found["data"]) == ([0, 0], [-1, -1])
    assert found["files"] <= 1024
    assert found["processes"] > 0
    assert (found["nice"], found["session"]) == (os.nice(0) + 3, True)
    assert not [each for each in found["open"] if each.startswith("pipe:")]
    assert found["owner of /proc/self"] == 0  # root's: no other process of the user reads it


@pytest.mark.asyncio
async def test_memory_is_limited_and_the_contract_goes_on(
    tmp_path: Path, free_ports: list[int]
) -> None:
    async with host(tmp_path, "one") as running:
        await running.say(service("one", free_ports[0], memory=256 * 1024**2))
        async with FakePeer(f"127.0.0.1:{free_ports[0]}") as peer:
            process = (await peer.invoke("process")).payload
            assert (await peer.invoke("allocate", str(10 * 1024**2))).status == 200
            assert (await peer.invoke("allocate", str(1024**3))).status == 500
            assert (await peer.invoke("process")).payload == process


@pytest.mark.asyncio
@pytest.mark.parametrize("most", [1, 3])
async def test_so_many_transactions_run_at_once(
    tmp_path: Path, free_ports: list[int], most: int
) -> None:
    async with host(tmp_path, "one") as running:
        await running.say(service("one", free_ports[0], transactions=most))
        async with FakePeer(f"127.0.0.1:{free_ports[0]}") as peer:
            calls = [peer.invoke("side_by_side", transaction_id=str(n)) for n in range(12)]
            answers = [int(one.payload) for one in await asyncio.gather(*calls)]
    assert max(answers) == most


@pytest.mark.asyncio
@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
async def test_root_s_contracts_run_as_another_user(tmp_path: Path, free_ports: list[int]) -> None:
    folder = tmp_path / "contracts"
    folder.mkdir()
    set_mode(0o755, folder)
    set_mode(0o700, tmp_path)  # as a network's folder is
    department = Department(
        "Tax", tmp_path / "keys", "", "", datetime.now(UTC).replace(microsecond=0)
    )
    tls = department.tls("host")
    nobody = pwd.getpwnam("nobody")
    files = {"tls_certificate": str(tls.certificate), "tls_key": str(tls.key)}
    code = write_code(folder / "code", CONTRACT)
    async with host_in(folder) as running:
        wanted = service("one", free_ports[0], user="nobody", **code, **files)
        assert await running.say(wanted) == {"serving": ["one:1"]}
        roots = grpc.ssl_channel_credentials(department.tls_ca.certificate_pem)
        async with FakePeer(f"127.0.0.1:{free_ports[0]}", roots) as peer:
            found = json.loads((await peer.invoke("rights")).payload)
            assert found["users"] == [str(nobody.pw_uid)] * 4
            assert found["groups"] == []
            assert found["new privileges"] == "1"
            assert (await peer.invoke("read", __file__)).status == 200
            assert (await peer.invoke("read", str(tls.key))).status == 500
            running.process.kill()  # whatever its user is
            await asyncio.wait_for(peer.ended.wait(), 30)
    set_mode(0o700, folder)
    async with host_in(folder) as running:
        for user, reason in {
            "nobody": f"nobody cannot read the folder of the contracts: {folder}",
            "no-such-user": "there is no such user",
        }.items():
            answer = await running.say(service("one", free_ports[0], user=user))
            assert reason in answer["down"]["one:1"]


def operations(department: Department, where: str) -> dict[str, Any]:
    tls = department.tls("host")
    roots = str(tls.certificate.parent / "ca.crt")
    files = {"tls_certificate": str(tls.certificate), "tls_key": str(tls.key)}
    return {"address": where, "client_roots": roots, **files}


@pytest.mark.asyncio
async def test_health_metrics_and_levels_are_those_of_all_contracts(
    tmp_path: Path, free_ports: list[int]
) -> None:
    first, second = free_ports
    department = Department("Tax", tmp_path, "", "", datetime.now(UTC).replace(microsecond=0))
    where = free_address()
    context = tls_context(department.mutual_endpoint(where))
    services = [service("one", first), service("two", second), service("none", 1)]
    wanted = {"services": services, "operations": operations(department, where)}
    async with (
        host(tmp_path, "one", "two") as running,
        httpx.AsyncClient(verify=context, trust_env=False, base_url=f"https://{where}") as client,
    ):
        answer = await running.line(json.dumps(wanted))
        assert answer["down"] == {"none:1": "none:Life: No module named 'none'"}

        async def lines() -> list[str]:
            return (await client.get("/metrics")).text.splitlines()

        for port in free_ports:
            async with FakePeer(f"127.0.0.1:{port}") as peer:
                assert (await peer.invoke("process")).status == 200
                assert (await peer.invoke("read", "nowhere")).status == 500
                assert f'contract_peer_streams{{package_id="{peer.registered}"}} 1' in await lines()
        await leave(first, "fail")
        async with peer_of(first) as peer:
            found = await lines()
            for name, restarts, received in (("one:1", 1, 4), ("two:1", 0, 2)):
                label = f'package_id="{name}"'
                assert f"contract_restarts{{{label}}} {restarts}" in found
                assert f"contract_up{{{label}}} 1" in found
                assert f"contract_transactions_received{{{label}}} {received}" in found
                assert f'contract_transactions_completed{{{label},success="false"}} 1' in found
                assert f'contract_transaction_duration_count{{{label},success="false"}} 1' in found
                assert any(
                    line.startswith(f"contract_resident_memory_bytes{{{label}}} ") for line in found
                )
                assert any(line.startswith(f"contract_cpu_seconds{{{label}}} ") for line in found)
            assert 'contract_up{package_id="none:1"} 0' in found
            report = await client.get("/healthz")
            assert report.status_code == 503
            (failed,) = report.json()["failed_checks"]
            assert failed == {"component": "none:1", "reason": answer["down"]["none:1"]}
            await client.put("/logspec", json={"spec": "pyfabric.chaincode=fatal:warn"})
            before = (tmp_path / "log").read_text().count("FileNotFoundError")
            while True:
                await peer.invoke("read", "nowhere")
                now = (tmp_path / "log").read_text().count("FileNotFoundError")
                if now == before:
                    break
                before = now
        (tmp_path / "none.py").write_text(CONTRACT)
        wanted = {"services": services[:2], "operations": None}
        assert await running.line(json.dumps(wanted)) == {"serving": ["one:1", "two:1"]}
        with pytest.raises(httpx.ConnectError):
            await client.get("/healthz", headers={"Connection": "close"})


PROGRAM = """
import json, sys
settings = json.loads(sys.stdin.readline())
print(json.dumps({"problem": settings["problem"]}), flush=True)
if settings["leave"]:
    sys.exit(3)
sys.stdin.read()
"""


def program(problem: str | None, *, leave: bool = False) -> dict[str, Any]:
    """Return a program beside the contracts that reports this problem, and then stays or leaves."""
    settings = {"problem": problem, "leave": leave}
    return {"name": "beside", "module": "beside", "settings": settings}


@pytest.mark.asyncio
async def test_a_program_beside_the_contracts_is_started_again_and_its_problem_is_the_hosts(
    tmp_path: Path,
) -> None:
    department = Department("Tax", tmp_path, "", "", datetime.now(UTC).replace(microsecond=0))
    where = free_address()
    context = tls_context(department.mutual_endpoint(where))
    (tmp_path / "beside.py").write_text(PROGRAM)

    async with (
        host_in(tmp_path, PYTHONPATH=str(tmp_path)) as running,
        httpx.AsyncClient(verify=context, trust_env=False, base_url=f"https://{where}") as client,
    ):

        async def run(*programs: dict[str, Any]) -> None:
            wanted = {"services": [], "operations": operations(department, where)}
            answer = await running.line(json.dumps({**wanted, "programs": programs}))
            assert answer == {"serving": []}

        async def reported(wanted: str) -> bool:
            return wanted in (await client.get("/metrics")).text.splitlines()

        async def until(wanted: str) -> None:
            while not await reported(wanted):
                await asyncio.sleep(0.05)

        await run(program(None))
        await until('contract_host_program_up{program="beside"} 1')
        assert (await client.get("/healthz")).status_code == 200
        await run(program("no peers"))
        await until('contract_host_program_up{program="beside"} 0')
        report = await client.get("/healthz")
        assert report.json()["failed_checks"][0]["component"] == "beside"
        await run(program("no peers", leave=True))
        await until('contract_host_program_restarts{program="beside"} 1')
        await run()
        assert not await reported('contract_host_program_up{program="beside"} 0')
        assert (await client.get("/healthz")).status_code == 200
