"""The context of one request: who makes it, its nonce and its transaction id."""

from pyfabric.hfc.fabric.user import User, signing_identity
from pyfabric.hfc.util.crypto.crypto import DEFAULT_NONCE_SIZE, Ecies
from pyfabric.messages.envelopes import transaction_id

__all__ = ["TXContext", "create_tx_context", "validate"]


class TXContext:
    """A user's request with a fresh nonce, of which its transaction id is made."""

    tx_prop_req: object = None
    """What is requested; a program's own."""
    prop_wait_time = -1
    """What a program notes; it changes nothing."""

    def __init__(
        self, user: User, crypto: Ecies, tx_prop_req: object, prop_wait_time: int = -1
    ) -> None:
        self._signer = signing_identity(user)
        self._user = user
        self._crypto = crypto
        self._nonce = crypto.generate_nonce(DEFAULT_NONCE_SIZE)
        self.tx_prop_req = tx_prop_req
        self.prop_wait_time = prop_wait_time

    @property
    def tx_id(self) -> str:
        """The transaction id."""
        return transaction_id(self.identity, self._nonce)

    @property
    def epoch(self) -> int:
        """Always 0."""
        return 0

    @property
    def nonce(self) -> bytes:
        """The nonce."""
        return self._nonce

    @property
    def identity(self) -> bytes:
        """The user as requests name it (bytes of msp.SerializedIdentity)."""
        return self._signer.serialized()

    @property
    def user(self) -> User:
        """The user who makes the request."""
        return self._user

    @property
    def crypto(self) -> Ecies:
        """The keys and signatures of the user's curve."""
        return self._crypto

    def sign(self, plain_text: bytes) -> bytes:
        """Return the user's signature over a message, as Fabric verifies it."""
        return self._signer.sign(plain_text)

    def get_attrs(self) -> str:
        """Return user and transaction id as text."""
        return f"user={self._user.name},tx_id={self.tx_id}"

    def __str__(self) -> str:
        return f"[{type(self).__name__}:{self.get_attrs()}]"


def validate(tx_context: TXContext | None) -> TXContext:
    """Return a context that has everything. Raises ValueError."""
    if tx_context is None:
        raise ValueError("the transaction context is missing")
    for what in ("crypto", "user", "tx_prop_req"):
        if not getattr(tx_context, what):
            raise ValueError(f"the transaction context lacks {what}")
    return tx_context


def create_tx_context(
    user: User, crypto: Ecies, tx_prop_req: object, prop_wait_time: int = -1
) -> TXContext:
    """Return a context for a request of a user. Raises ValueError when a part is missing."""
    return validate(TXContext(user, crypto, tx_prop_req, prop_wait_time))
