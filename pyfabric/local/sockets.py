"""Whether something listens at an address."""

import socket

from pyfabric.messages.addresses import Address

_SECONDS = 1.0


def listens(address: Address) -> bool:
    """Return whether something accepts a connection at an address within a second."""
    try:
        with socket.create_connection((address.host, address.port), timeout=_SECONDS):
            return True
    except OSError:
        return False
