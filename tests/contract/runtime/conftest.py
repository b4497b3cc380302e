"""Ports for processes that need them as arguments."""

import socket

import pytest


@pytest.fixture
def free_ports() -> list[int]:
    """Provide two ports that were free a moment ago."""
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        return [one.getsockname()[1], two.getsockname()[1]]
