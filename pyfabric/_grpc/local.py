"""Effects that need no network: the clock and randomness of this machine."""

import secrets
from datetime import UTC, datetime

from pyfabric.client.effects import Nonce

_NONCE_SIZE = 24


def present() -> datetime:
    """The present time in UTC."""
    return datetime.now(UTC)


def fresh_nonce(_: Nonce) -> bytes:
    """24 bytes that nobody can guess."""
    return secrets.token_bytes(_NONCE_SIZE)
