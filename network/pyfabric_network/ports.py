"""Local TCP ports: which are taken, by whom, and where a free run of them starts."""

import errno
import os
import random
import socket
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from pyfabric.errors import NetworkError
from pyfabric.local.waiting import poll
from pyfabric.messages.addresses import Address

_LISTEN = "0A"
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USUAL_RANGE = (32768, 60999)
_LOWEST, _HIGHEST, _STEP = 20000, 32000, 50
_PAUSE = 0.05
_MOST_CLAIMS = 40
"""Runs of ports that a process holds; of some 240 that there are, several processes must get theirs."""
_CLAIMED: dict[int, int] = {}
"""The starts of the runs of ports that this process has claimed last, with the sockets that hold them."""


def check_free(addresses: Mapping[str, Address], *, timeout: float = 0.0) -> None:
    """Raise NetworkError that names the first address that cannot be listened on, and who has it.

    For up to `timeout` seconds, in all, this waits for addresses that are taken to become free.
    """
    taken = poll(lambda: _first_taken(addresses), every=_PAUSE, timeout=timeout)
    if taken is not None:
        port = addresses[taken].port
        raise NetworkError(
            f"port {port}, wanted for {taken}, is in use{_use(port)}: stop that program, or choose other "
            "ports with --base-port or base_port in the topology"
        )


def taken(addresses: Mapping[str, Address]) -> Mapping[str, str]:
    """Return those that something else has, with who it is: `is in use by process 17 (nginx)`."""
    return {
        name: f"is in use{_use(address.port)}"
        for name, address in addresses.items()
        if not _is_free(address)
    }


def free_base(offsets: Iterable[int]) -> int:
    """Return a port that is free with those at these distances from it; raises NetworkError.

    None of them is in the range that the system hands out for outgoing connections, if there is room
    beside it. No other process gets one of them here, although nothing listens there yet, as long as this one runs and
    has not found many others since (on Linux, and unless others have claimed all there are).
    """
    wanted = list(offsets)
    first, last = outgoing_range()
    starts = range(_LOWEST, _HIGHEST - max(wanted), _STEP)
    beside = [base for base in starts if base + max(wanted) < first or base > last]
    candidates = beside or list(starts)
    random.shuffle(candidates)
    runs = {base: range(base, base + max(wanted) + 1, _STEP) for base in candidates}
    candidates.sort(key=lambda base: any(start in _CLAIMED for start in runs[base]))
    for is_enough in (_claim, _anything):
        for base in candidates:
            if _are_free(base, wanted) and is_enough(runs[base]):
                return base
    raise NetworkError(f"no free run of ports found between {_LOWEST} and {_HIGHEST}")


def _are_free(base: int, offsets: Iterable[int]) -> bool:
    return all(_is_free(Address("127.0.0.1", base + offset)) for offset in offsets)


def _claim(starts: Iterable[int]) -> bool:
    """Claim the runs of ports with these starts for this process; return whether no other process has one.

    A claim is a socket with a name of its own and no file, which the system closes with the process.
    """
    with ExitStack() as unless_claimed:
        made = []
        for start in starts:
            if start not in _CLAIMED:
                claim = unless_claimed.enter_context(socket.socket(socket.AF_UNIX))
                try:
                    claim.bind(f"\0pyfabric-ports-{start}")
                except OSError:
                    return False
                made.append((start, claim))
        _CLAIMED.update({start: claim.detach() for start, claim in made})
    for start in list(_CLAIMED)[:-_MOST_CLAIMS]:
        os.close(_CLAIMED.pop(start))
    return True


def _anything(_: Iterable[int]) -> bool:
    return True


def outgoing_range(file: Path = _RANGE) -> tuple[int, int]:
    """Return the first and last port that the system hands out for outgoing connections.

    Where it does not say (not on Linux) these are Linux's usual ones.
    """
    try:
        first, last = file.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return _USUAL_RANGE
    return int(first), int(last)


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


def _use(port: int) -> str:
    """Return who uses a port and how, as far as the system shows it (Linux, own processes)."""
    found = _sockets(port)
    owner = _owner({f"socket:[{inode}]" for inode in found})
    by = f" by {owner}" if owner else ""
    if found and not any(found.values()):
        return f" for an outgoing connection{by}"
    return by


def _owner(sockets: Collection[str]) -> str | None:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(link.readlink()) in sockets for link in (process / "fd").iterdir()):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                return f"process {process.name} ({command[:80]})"
        except OSError:
            continue
    return None


def _sockets(port: int) -> dict[str, bool]:
    """Return the sockets at a local port by their inodes, and whether each listens."""
    found = {}
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[1].rsplit(":", 1)[1], 16) == port:
                found[fields[9]] = fields[3] == _LISTEN
    return found
