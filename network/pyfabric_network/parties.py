"""The departments whose administrators act from this machine: who they are, and through which peers they act."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pyfabric.client.effects import Endpoint
from pyfabric.errors import (
    CommitStatusError,
    GatewayError,
    IdentityError,
    NetworkError,
    StatusCode,
    SubmitError,
)
from pyfabric.gateway import Admin
from pyfabric_network.profile import Profile, load_profile
from pyfabric_network.state_folder import ADMIN

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Party:
    """A department and its administrator, connected; `peers` are its own, in the order in which they are tried."""

    department: str
    msp_id: str
    admin: Admin
    peers: Sequence[Endpoint]

    @classmethod
    def of(cls, profile: Profile, user: str = ADMIN) -> "Party":
        """Return the department of a profile; raises IdentityError or NetworkError without the user's key."""
        return cls(profile.department, profile.msp_id, Admin(profile.user(user)), profile.peers)

    def through(self, call: Callable[[Endpoint], T]) -> T:
        """Make a call through the first of the peers that is reachable; nothing is sent twice."""
        for peer in self.peers[:-1]:
            try:
                return call(peer)
            except (SubmitError, CommitStatusError):
                raise
            except GatewayError as error:
                if error.code is not StatusCode.UNAVAILABLE:
                    raise
        return call(self.peers[-1])

    def close(self) -> None:
        """Close its connections."""
        self.admin.close()


def others_here(file: Path, profile: Profile, channel: str) -> list[Party]:
    """Return the other departments on a channel whose administrators' keys are on this machine.

    Their profiles are beside the one in `file`, of the same network.
    """
    found = []
    for beside in sorted(file.parent.glob("*.json")):
        try:
            other = load_profile(beside)
            if (
                other.network == profile.network
                and other.department != profile.department
                and channel in other.channels
            ):
                found.append(Party.of(other))
        except (NetworkError, IdentityError):  # another file, or a department without keys here
            continue
    return found
