"""A limit to the work that one request to discovery may cause.

Fabric limits the choices of one gate alone; a client's key policies can keep its peer busy for minutes.
"""

from typing import Final

from pyfabric.errors import PolicyError

MOST_STEPS: Final = 2_000_000
"""Comparisons of principals, more or less: a second at most."""


class TooManyCombinationsError(PolicyError):
    """Policies have more combinations than this ledger works out."""

    def __init__(self) -> None:
        super().__init__(
            "the endorsement policies have too many combinations: they take more than "
            f"{MOST_STEPS} steps to work out; name fewer or simpler policies, collections and keys"
        )


class Effort:
    """What is left of the work that a request may cause."""

    def __init__(self) -> None:
        self._left = MOST_STEPS

    def spend(self, steps: int) -> None:
        """Count steps before they are made. Raises TooManyCombinationsError when too few are left."""
        self._left -= steps
        if self._left < 0:
            raise TooManyCombinationsError
