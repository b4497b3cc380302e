"""The state of `_lifecycle` in a transaction: public keys, and departments' implicit collections."""

from dataclasses import dataclass

from pyfabric.messages.lifecycle import LIFECYCLE, implicit_collection
from pyfabric.rules.state.private_simulation import PrivateSimulation


@dataclass(frozen=True, slots=True)
class PublicState:
    """Keys that every department reads."""

    simulation: PrivateSimulation

    def get(self, key: str) -> bytes | None:
        """Return the committed value."""
        return self.simulation.get_state(LIFECYCLE, key)

    def put(self, key: str, value: bytes) -> None:
        """Write a value; an empty one deletes."""
        self.simulation.put_state(LIFECYCLE, key, value)


@dataclass(frozen=True, slots=True)
class OrganizationState:
    """A department's own collection, on a peer of the department, which keeps the values."""

    simulation: PrivateSimulation
    collection: str

    def get(self, key: str) -> bytes | None:
        """Return the committed value; raises ContractError if this peer does not have it."""
        return self.simulation.get_private(LIFECYCLE, self.collection, key)

    def put(self, key: str, value: bytes) -> None:
        """Write a value; an empty one deletes."""
        self.simulation.put_private(LIFECYCLE, self.collection, key, value)


@dataclass(frozen=True, slots=True)
class HashedState:
    """Any department's collection as hashes."""

    simulation: PrivateSimulation
    collection: str

    def get_hash(self, key: str) -> bytes | None:
        """Return the committed hash of a value."""
        return self.simulation.get_private_hash(LIFECYCLE, self.collection, key)


def hashed_state(simulation: PrivateSimulation, msp_id: str) -> HashedState:
    """Return a department's approvals, as hashes."""
    return HashedState(simulation, implicit_collection(msp_id))
