"""Addresses written host:port, as Fabric writes them: an IPv6 address stands in brackets.

`split` follows net.SplitHostPort of Go's standard library, by which Fabric reads addresses.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from pyfabric.errors import ConfigError

_HIGHEST_PORT: Final = 65535
_SPLIT: Final = re.compile(r"(?:\[([^\[\]]*)\]|([^\[\]:]*)):([^\[\]:]*)", re.DOTALL)
_PORT: Final = re.compile(r"[0-9]{1,5}")


def split(text: str) -> tuple[str, str]:
    """Return the host, without brackets, and the port as they are written; either may be empty.

    Raises ConfigError for text that Go refuses to split: a missing port, or an IPv6 address without
    brackets.
    """
    found = _SPLIT.fullmatch(text)
    if found is None:
        raise ConfigError(
            f"{text!r} is not an address: write host:port, with an IPv6 address in brackets"
        )
    return found[1] if found[1] is not None else found[2], found[3]


def join(host: str, port: int) -> str:
    """Write an address: the host in brackets if it is an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """Return whether only programs of the same machine reach a host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class Address:
    """A host (a name or an IP address without brackets) and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return join(self.host, self.port)

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read host:port; raises ConfigError, also for a port that is no number up to 65535."""
        host, port = split(text)
        if not _PORT.fullmatch(port) or int(port) > _HIGHEST_PORT:
            raise ConfigError(
                f"{text!r} is not an address: its port must be a number from 0 to {_HIGHEST_PORT}"
            )
        return cls(host, int(port))

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this machine reach it."""
        return is_loopback(self.host)
