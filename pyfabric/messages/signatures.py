"""A signature with the message that it is over and the identity that is said to have made it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignedData:
    """A message, the serialized identity said to have signed it, and the signature."""

    data: bytes
    identity: bytes
    signature: bytes
