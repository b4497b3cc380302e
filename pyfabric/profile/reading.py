"""Reading a connection profile: each part when it is asked for, so that what is not needed may be missing."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from pyfabric.client.effects import Endpoint
from pyfabric.errors import NetworkError
from pyfabric.identity.loading import load_msp_folder
from pyfabric.identity.signing import SigningIdentity
from pyfabric.local.documents import read_document
from pyfabric.local.fields import FieldError, Fields
from pyfabric.profile import matchers, nodes
from pyfabric.profile.authorities import AuthorityEntry, authority_entry
from pyfabric.profile.users import (
    ADMIN,
    crypto_folder,
    load_user,
    organization_users,
    user_folders,
)

_MSP_ID = ("mspid", "mspID", "mspId")


class Profile:
    """The view that a connection profile gives one organisation, a department, of its network.

    Every property is read when it is asked for, and raises NetworkError that names the file and the key if the
    profile lacks it or has it wrong.
    """

    def __init__(
        self,
        document: Fields,
        file: Path,
        organization: str | None = None,
        *,
        user: str | None = None,
        pin: Callable[[], str] | None = None,
    ) -> None:
        self._document = document
        self._file = file
        self._wanted = organization
        self._user = user
        self._pin = pin

    def as_user(self, name: str) -> "Profile":
        """Return the profile for a user, by name or by the path of an MSP folder.

        Where it names a TLS client certificate, its nodes are shown the user's own instead: that in the folder `tls`
        beside the user's MSP folder, if it is there.
        """
        return Profile(self._document, self._file, self._wanted, user=name, pin=self._pin)

    @cached_property
    def network(self) -> str:
        """The network's name; empty if the profile has none."""
        with self._named():
            return self._document.text("name", "")

    @cached_property
    def department(self) -> str:
        """The organisation: the one asked for, the client's, or the only one."""
        with self._named():
            known = self._document.named("organizations").names()
            given = self._document.part("client", {}).optional_text("organization")
            name = self._wanted or given or (known[0] if len(known) == 1 else None)
            if name is None:
                raise FieldError(
                    "client.organization: field required, as there is not one organization but these: "
                    f"{', '.join(known) or 'none'}; write it, or name the organization when you load the profile"
                )
            if name not in known:
                what = "client.organization: " if name == given else ""
                raise FieldError(f"{what}{name} is not among the organizations")
            return name

    @cached_property
    def msp_id(self) -> str:
        """The MSP id of the organisation."""
        with self._named():
            key = next((one for one in _MSP_ID if self._organization.holds(one)), _MSP_ID[0])
            if not (found := self._organization.text(key)).strip():
                raise FieldError(f"{self._organization.at(key)}: must not be empty")
            return found

    @cached_property
    def peers(self) -> tuple[Endpoint, ...]:
        """The organisation's peers, in the order in which they are to be tried.

        An only organisation that names none has all that there are.
        """
        with self._named():
            names = self._organization.named("peers").names()
            known = self._document.named("peers").names()
            if not names and len(self._document.named("organizations").names()) == 1:
                names = known
            where = self._organization.at("peers")
            if not names:
                raise FieldError(f"{where}: names no peer")
            for name in names:
                if name not in known and not matchers.match(self._document, "peer", name):
                    raise FieldError(f"{where}: {name} is not among the peers")
            return nodes.endpoints(self._document, "peers", names, self._file, self._own_tls)

    @cached_property
    def orderers(self) -> tuple[Endpoint, ...]:
        """The channels' orderers, which administrators need alone."""
        with self._named():
            names = self._document.named("orderers").names()
            return nodes.endpoints(self._document, "orderers", names, self._file, self._own_tls)

    @cached_property
    def channels(self) -> tuple[str, ...]:
        """The names of the channels that the profile has: those of the department in a profile of this project."""
        with self._named():
            own = self._document.part("x-pyfabric", {})
            return own.texts("channels") or tuple(self._document.named("channels").names())

    @cached_property
    def users(self) -> Mapping[str, Path]:
        """The MSP folders of users by name, which profiles of this project have."""
        with self._named():
            return user_folders(self._document, self._file)

    @cached_property
    def user_names(self) -> tuple[str, ...]:
        """The users that the profile has or names: MSP folders, or certificates and keys of the organisation."""
        with self._named():
            return tuple(dict.fromkeys([*self.users, *organization_users(self._organization)]))

    @cached_property
    def administrators(self) -> Mapping[str, SigningIdentity]:
        """The administrators that the department has on this machine, by MSP id: of its orderers, and its own.

        Raises IdentityError for one that cannot be read.
        """
        with self._named():
            folders = user_folders(self._document, self._file, "administrators")
        if folders:
            present = {msp_id: path for msp_id, path in folders.items() if path.is_dir()}
            return {
                msp_id: load_msp_folder(path, msp_id, pin=self._pin)
                for msp_id, path in present.items()
            }
        return {self.msp_id: self.user(ADMIN)} if ADMIN in self.user_names else {}

    @cached_property
    def authority_names(self) -> tuple[str, ...]:
        """The names of the department's certificate authorities that a Fabric CA server serves, its own first."""
        with self._named():
            own = self._organization.named("certificateAuthorities").names()
            return tuple(
                dict.fromkeys([*own, *self._document.named("certificateAuthorities").names()])
            )

    def authority(self, name: str | None = None) -> AuthorityEntry:
        """Return a certificate authority: without a name, the department's first.

        Raises NetworkError.
        """
        with self._named():
            names = self.authority_names
            chosen = name or next(iter(names), "")
            return authority_entry(self._document, chosen, names, self.msp_id, self._file.parent)

    def user(self, name: str) -> SigningIdentity:
        """Return a user by name or by the path of an MSP folder.

        Raises IdentityError or NetworkError.
        """
        with self._named():
            if name not in self.users and name in self.user_names:
                folder = self._file.parent
                return load_user(self._organization, name, self.msp_id, folder, self._pin)
            found = self.users.get(name) or crypto_folder(
                self._document, self._organization, name, self._file
            )
        folder = found or Path(name)
        if not folder.is_dir():
            known = ", ".join(self.user_names) or "none in its profile"
            raise NetworkError(
                f"{self.department} has no user {name}, nor is there such a folder; users: {known}"
            )
        return load_msp_folder(folder, self.msp_id, pin=self._pin)

    @property
    def _own_tls(self) -> Path | None:
        """The folder with the TLS certificate of the user that the profile is for."""
        if self._user is None:
            return None
        folder = self.users.get(self._user) or Path(self._user)
        return folder.parent / "tls" if folder.is_dir() else None

    @cached_property
    def _organization(self) -> Fields:
        return self._document.named("organizations").part(self.department)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Name the file in what is wrong with a field."""
        try:
            yield
        except FieldError as error:
            raise NetworkError(f"{self._file}: {error}") from error


def load_profile(
    file: str | Path, organization: str | None = None, *, pin: Callable[[], str] | None = None
) -> Profile:
    """Read a connection profile, JSON or YAML, in any form that Fabric's SDKs read.

    `organization` chooses one, where the profile has several and no `client.organization`. `pin` gives the PIN of a
    PKCS#11 token that has a user's key, where the reference names no file of it. Raises NetworkError that names the file
    and the line or key.
    """
    file = Path(file)
    document = read_document(file)
    try:
        return Profile(Fields(document), file, organization, pin=pin)
    except FieldError as error:
        raise NetworkError(f"{file}: {error}") from error
