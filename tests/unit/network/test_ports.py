"""Ports: the error for a used port names its owner."""

import os
import socket
import threading
from pathlib import Path

import pytest
from pyfabric_network.ports import check_free, free_base

from pyfabric.errors import NetworkError
from pyfabric.messages.addresses import Address


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
