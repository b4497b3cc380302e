"""TCP ports of this machine for a test's servers, and for servers that are to be missing."""

import itertools
import os
import random
import socket
from typing import Final

_FIRST: Final = 7000
_PER_WORKER: Final = 2000
"""Below the ports of networks (from 17000) and those that the system gives outgoing connections (from 32768)."""
_WORKER: Final = int(os.environ.get("PYTEST_XDIST_WORKER", "gw4").removeprefix("gw")) % 5
_NEXT: Final = itertools.count(random.randrange(_PER_WORKER))


def free_port() -> int:
    """Return a port on which nothing listens, and which no other worker of these tests gets."""
    for number in itertools.islice(_NEXT, _PER_WORKER):
        port = _FIRST + _WORKER * _PER_WORKER + number % _PER_WORKER
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError(f"all ports from {_FIRST} are taken")


def free_address() -> str:
    """Return an address on this machine at which nothing listens."""
    return f"127.0.0.1:{free_port()}"
