"""Ports: the error for a used port names its owner."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
from pyfabric_network import ports
from pyfabric_network.ports import check_free, free_base, outgoing_range

from pyfabric.errors import NetworkError
from pyfabric.messages.addresses import Address
from tests.support.extent import extent


def test_a_port_in_use_is_named_with_what_wanted_it_and_who_has_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(NetworkError) as caught:
            check_free({"peer0.tax": Address("127.0.0.1", port)})
    message = str(caught.value)
    assert f"port {port}, wanted for peer0.tax, is in use" in message
    assert "--base-port" in message
    if Path("/proc/net/tcp").exists():
        assert f"process {os.getpid()} (" in message


def test_a_port_that_is_about_to_be_free_is_waited_for() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    ending = threading.Timer(0.2, server.close)
    ending.start()
    check_free({"peer0.tax": Address("127.0.0.1", port)}, timeout=60)
    ending.join()


def test_free_ports_pass() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    check_free({"peer0.tax": Address("127.0.0.1", port)})


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    with pytest.raises(NetworkError, match=r"cannot listen on 192\.0\.2\.1:7051"):
        check_free({"peer0.tax": Address("192.0.2.1", 7051)})


def test_a_free_base_has_all_its_ports_free() -> None:
    base = free_base([0, 1, 30])
    check_free({str(offset): Address("127.0.0.1", base + offset) for offset in (0, 1, 30)})
    assert 20000 <= base < 32000


FIND = """
import sys
from pyfabric_network import ports
ports.random.shuffle = lambda candidates: None
print([ports.free_base(range(100)) for _ in range(int(sys.argv[1]))][-1], flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="claims are sockets that only Linux has")
@pytest.mark.parametrize("times", [1, extent(60, 200)], ids=["once", "more than there are"])
def test_processes_that_look_at_the_same_time_find_different_ports(times: int) -> None:
    with ExitStack() as stack:
        found = []
        for _ in range(2):
            process = subprocess.Popen(
                [sys.executable, "-c", FIND, str(times)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            assert process.stdout is not None
            found.append(int(process.stdout.readline()))
        assert abs(found[0] - found[1]) >= 100


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the system shows no sockets")
def test_a_port_of_an_outgoing_connection_is_named_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())
        port = client.getsockname()[1]
        with pytest.raises(
            NetworkError, match=f"for an outgoing connection by process {os.getpid()} "
        ):
            check_free({"peer0.tax": Address("127.0.0.1", port)})


def test_a_free_base_is_beside_the_range_of_outgoing_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports, "outgoing_range", lambda: (20100, 31800))
    assert {free_base([0, 1, 30]) for _ in range(20)} <= {20000, 20050, 31850, 31900, 31950}
    monkeypatch.setattr(ports, "outgoing_range", lambda: (1024, 65535))
    assert 20000 <= free_base([0, 1, 30]) < 32000


def test_the_range_of_outgoing_connections_is_the_system_s(tmp_path: Path) -> None:
    file = tmp_path / "range"
    assert outgoing_range(file) == (32768, 60999)
    file.write_text("15000\t64000\n")
    assert outgoing_range(file) == (15000, 64000)
