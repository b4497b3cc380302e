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
from pyfabric.identity.signing import SigningIdentity
from pyfabric_network.profile import Profile, load_profile
from pyfabric_network.state_folder import ADMIN

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Party:
    """A department and its administrator, connected; `peers` are its own, in the order in which they are tried."""

    department: str
    identity: SigningIdentity
    admin: Admin
    peers: Sequence[Endpoint]

    @classmethod
    def of(cls, profile: Profile, user: str | None = None) -> "Party":
        """Return the department of a profile, for its administrator or another user.

        Raises IdentityError or NetworkError without that one's key.
        """
        profile = profile.as_user(user or ADMIN)
        own = profile.administrators.get(profile.msp_id) if user is None else None
        identity = own or profile.user(user or ADMIN)
        return cls(profile.department, identity, Admin(identity), profile.peers)

    @property
    def msp_id(self) -> str:
        """The MSP id of the department."""
        return self.identity.msp_id

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


def others_here(file: Path, profile: Profile) -> list[Party]:
    """Return the other departments of a network whose administrators' keys are on this machine.

    Their profiles are beside the one in `file`.
    """
    found = []
    for beside in sorted(file.parent.glob("*.json")):
        try:
            other = load_profile(beside)
            if other.network == profile.network and other.department != profile.department:
                found.append(Party.of(other))
        except (NetworkError, IdentityError):  # another file, or a department without keys here
            continue
    return found
