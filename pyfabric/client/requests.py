"""Requests that can be signed elsewhere: they give their bytes to send and their digest to sign."""

import builtins
from typing import Generic, Protocol, TypeVar

from pyfabric.messages.digests import signing_digest


class Request(Protocol):
    """A request with the message that is signed in it."""

    @property
    def message(self) -> bytes:
        """What is signed."""
        ...

    def to_bytes(self) -> bytes:
        """Return the whole request, as it is exchanged between programs."""
        ...


R_co = TypeVar("R_co", bound=Request, covariant=True)


class Signable(Generic[R_co]):
    """A request that may be signed in another program or by another machine.

    The gateway that sends it needs `bytes()` and a signature over `digest()`.
    """

    def __init__(self, request: R_co, certificate: builtins.bytes) -> None:
        self._request = request
        self._certificate = certificate

    def bytes(self) -> builtins.bytes:
        """Return the request as bytes, which the official clients read too."""
        return self._request.to_bytes()

    def digest(self) -> builtins.bytes:
        """Return what the identity's key signs: SHA-256 of the message, for Ed25519 the message itself."""
        return signing_digest(self._certificate, self._request.message)


class TransactionRequest(Request, Protocol):
    """A request that is about one transaction."""

    @property
    def transaction_id(self) -> str:
        """The transaction's id."""
        ...


T_co = TypeVar("T_co", bound=TransactionRequest, covariant=True)


class SignableTransaction(Signable[T_co]):
    """A signable step of one transaction."""

    @property
    def transaction_id(self) -> str:
        """The transaction's id: SHA-256 of nonce and creator, in hexadecimal."""
        return self._request.transaction_id
