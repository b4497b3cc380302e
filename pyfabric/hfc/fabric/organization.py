"""Organisations of a profile, and their users."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pyfabric.errors import ClientError, IdentityError, NetworkError
from pyfabric.hfc.fabric.user import User, enrolled_user
from pyfabric.hfc.fabric_ca.enrollment import Enrollment
from pyfabric.hfc.util.keyvaluestore import KeyValueStore
from pyfabric.identity.key_files import private_key_of
from pyfabric.local.fields import Fields
from pyfabric.profile import Profile

__all__ = ["Organization", "create_org"]

_FIELDS: Final = {
    "_mspid": "mspid",
    "_peers": "peers",
    "_orderers": "orderers",
    "_CAs": "certificateAuthorities",
}


class Organization:
    """An organisation of the profile; a user's files are read when it is asked for."""

    def __init__(self, name: str = "org", state_store: KeyValueStore | None = None) -> None:
        self._name = name
        self._state_store = state_store
        self._mspid: str | None = None
        self._peers: list[str] = []
        self._orderers: list[str] = []
        self._CAs: list[str] = []
        self._users: dict[str, User] = {}
        self._profile: Profile | None = None

    def init_with_bundle(self, info: Mapping[str, Any]) -> bool:
        """Take the fields of an organisation's entry in a profile; relative paths start at this folder."""
        return self.init_from({"organizations": {self._name: dict(info)}}, Path())

    def init_from(self, document: Mapping[str, Any], file: Path) -> bool:
        """Take the organisation's entry of a whole profile, of which `file` is the place."""
        entry = Fields(document).named("organizations").part(self._name)
        self._profile = Profile(Fields(document), file, self._name)
        for field, key in _FIELDS.items():
            if entry.holds(key):
                setattr(self, field, entry.value(key))
        return True

    def get_user(self, name: str) -> User | None:
        """Return a user of the organisation, or None. Raises ClientError when its files cannot be used."""
        if name not in self._users and self._profile is not None:
            try:
                if name in self._profile.user_names:
                    self._users[name] = self._user(name, self._profile)
            except (NetworkError, IdentityError) as error:
                raise ClientError(
                    f"the user {name} of {self._name} cannot be used: {error}"
                ) from error
        return self._users.get(name)

    def _user(self, name: str, profile: Profile) -> User:
        identity = profile.user(name)
        enrollment = Enrollment(private_key_of(identity), identity.identity.certificate)
        return enrolled_user(name, self._name, profile.msp_id, enrollment, self._state_store)


def create_org(
    name: str, info: Mapping[str, Any], state_store: KeyValueStore | None
) -> Organization:
    """Return the organisation of an entry in a profile."""
    made = Organization(name, state_store)
    made.init_with_bundle(info)
    return made
