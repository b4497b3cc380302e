"""Local TCP ports: which are taken, by whom, and where a free run of them starts."""

import errno
import random
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

from pyfabric.errors import NetworkError
from pyfabric.local.waiting import poll
from pyfabric.messages.addresses import Address

_LISTEN = "0A"
_PAUSE = 0.05


def check_free(addresses: Mapping[str, Address], *, timeout: float = 0.0) -> None:
    """Raise NetworkError that names the first address that cannot be listened on, and who has it.

    For up to `timeout` seconds, in all, this waits for addresses that are taken to become free.
    """
    taken = poll(lambda: _first_taken(addresses), every=_PAUSE, timeout=timeout)
    if taken is not None:
        port = addresses[taken].port
        owner = _owner(port)
        by = f" by {owner}" if owner else ""
        raise NetworkError(
            f"port {port}, wanted for {taken}, is in use{by}: stop that program, or choose other ports "
            "with --base-port or base_port in the topology"
        )


def free_base(offsets: Iterable[int]) -> int:
    """Return a port that is free with those at these distances from it; raises NetworkError.

    Below the range that systems hand out for outgoing connections (32768 on).
    """
    wanted = list(offsets)
    candidates = list(range(20000, 32000 - max(wanted), 50))
    random.shuffle(candidates)
    for base in candidates:
        if all(_is_free(Address("127.0.0.1", base + offset)) for offset in wanted):
            return base
    raise NetworkError("no free run of ports found between 20000 and 32000")


def _first_taken(addresses: Mapping[str, Address]) -> str | None:
    return next((name for name, address in addresses.items() if not _is_free(address)), None)


def _is_free(address: Address) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise NetworkError(f"cannot listen on {address}: {error.strerror}") from error
    return True


def _owner(port: int) -> str | None:
    """Return the program that listens on a port, if the system shows it (Linux, own processes)."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(link.readlink()) in sockets for link in (process / "fd").iterdir()):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                return f"process {process.name} ({command[:80]})"
        except OSError:
            continue
    return None


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rsplit(":", 1)[1], 16) == port:
                found.add(fields[9])
    return found
