"""Effects without a network: the clock and the randomness of this machine."""

import secrets
from datetime import UTC, datetime

from pyfabric.client.effects import Nonce
from pyfabric.messages.envelopes import NONCE_SIZE


def present() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


def fresh_nonce(_: Nonce) -> bytes:
    """Return 24 bytes from the operating system's random source."""
    return secrets.token_bytes(NONCE_SIZE)
