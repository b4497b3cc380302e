"""The identities of a network's organisations on this machine: given and taken back while the network runs."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from pyfabric.errors import ConfigError, NetworkError
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.key_files import key_of
from pyfabric.identity.loading import load_msp_folder
from pyfabric.identity.signing import SigningIdentity
from pyfabric.identity.trust import read_certificate
from pyfabric_network.channel_network import ChannelNetwork
from pyfabric_network.connections import Connections
from pyfabric_network.identities.adopting import further_user, keep_user
from pyfabric_network.identities.at_server import AtServer
from pyfabric_network.identities.authorities import Authority, authority_of
from pyfabric_network.identities.holders import Holder, find_holder
from pyfabric_network.identities.reenrolling import reenrolled
from pyfabric_network.identities.revoking import Revocations, check_reviews
from pyfabric_network.material.keys import make_user
from pyfabric_network.opened_network import present
from pyfabric_network.profile import write_profiles
from pyfabric_network.progress import Report, silent
from pyfabric_network.renewing.staging import take_identity, take_member
from pyfabric_network.state import locked
from pyfabric_network.topology.organizations import Further, Organization
from pyfabric_network.topology.spec import FurtherUser
from pyfabric_network.topology.values import check_user_name


@dataclass(frozen=True, slots=True)
class Revoked:
    """What a revocation did: the new lists (PEM), that of the present CA first, and the channels that got something new."""

    revocation_lists: tuple[bytes, ...]
    channels: tuple[str, ...]


class IdentityNetwork(ChannelNetwork):
    """A network whose people come and go."""

    def organization(self, department: str, *, ordering: bool = False) -> Organization:
        """Return the organisation of a department's peers and users, or that of its orderers.

        Raises NetworkError.
        """
        found = self.plan.department(department)
        organization = found.ordering if ordering else found
        if organization is None:
            raise NetworkError(f"{department} runs no orderer, and has no organisation for them")
        if organization not in self.plan.own_organizations:
            raise NetworkError(
                f"the keys of {organization.name} are not on this machine: its identities are given where its CA is"
            )
        return organization

    def issue(self, msp_id: str, name: str, user: FurtherUser, *, days: int) -> Holder:
        """Give an identity and a TLS certificate to a new user of an organisation, from its own CA, and return it.

        Both are valid for `days`, and end with the CA at the latest. The department's connection profile gets the user.
        Raises ConfigError for a user that there is, IdentityError for a CA that cannot be used. Safe to repeat after an
        interruption.
        """
        with locked(self.root):
            self._refresh()
            organization, users = self._with_user(msp_id, name, user)
            make_user(organization, organization.users[name], now=present(), days=days)
            self._remember(users=users)
        write_profiles(self.plan)
        return find_holder(self._own(msp_id), name)

    def check_adoptable(self, msp_id: str, name: str) -> None:
        """Raise ConfigError if a user of an organisation has that name, unless a CA server issued to it, too."""
        organization = self._own(msp_id)
        if name in organization.users and not organization.users[name].enrolled:
            raise ConfigError(
                f"{organization.name} has a user {name} already, whom its CA's key made: choose another name"
            )

    def adopt(
        self, msp_id: str, name: str, identity: SigningIdentity, *, again: bool = False
    ) -> Holder:
        """Take an identity that was made elsewhere as that of a new user of an organisation, and return it.

        The user gets a TLS certificate here, and the department's connection profile the user. Raises ConfigError for a
        user that there is, IdentityError for an identity that the organisation's MSP does not accept now, or whose key
        is not in this process. `again`: it may be the next one of a user whose identity was made elsewhere.
        """
        with locked(self.root):
            self._refresh()
            organization = self._own(msp_id)
            if again and name in organization.users:
                self.check_adoptable(msp_id, name)
                self._replace(organization, name, identity, new_keys=True)
                return find_holder(self._own(msp_id), name)
            definition = MSPDefinition.from_folder(organization.msp, msp_id)
            user = further_user(definition, identity.identity.certificate, now=present())
            organization, users = self._with_user(msp_id, name, user)
            keep_user(organization, organization.users[name], identity, now=present())
            self._remember(users=users)
        write_profiles(self.plan)
        return find_holder(self._own(msp_id), name)

    def reenroll(self, msp_id: str, name: str, *, same_key: bool = False) -> bool:
        """Give a user a new certificate by the CA server that issued the present one, which is kept.

        Return False, with nothing changed, for somebody to whom no CA server of the department has issued: the CA's key
        renews that certificate (`renewal`). Safe to repeat after an interruption. Raises ConfigError for somebody unknown or
        revoked, NetworkError for a server that does not answer, and IdentityError for a certificate that it refuses, or
        one that it issued and the organisation's MSP does not accept.
        """
        with locked(self.root), ExitStack() as opened:
            self._refresh()
            organization = self._own(msp_id)
            if name not in organization.users:
                known = ", ".join(organization.users)
                raise ConfigError(f"{organization.name} has no user {name}; there are: {known}")
            member = organization.users[name]
            take_member(member)  # what an interruption has left
            if find_holder(organization, name).is_revoked:
                raise ConfigError(
                    f"nothing is renewed: the certificate of {name} is revoked; somebody who comes back is issued another "
                    "identity, or enrolls with a new secret (`pyfabric identity modify --new-secret`)"
                )
            authority = self._authority(organization) if member.enrolled else None
            if authority is None:
                return False
            opened.enter_context(authority)
            if not authority.has_issued(member.certificate.read_bytes()):
                return False
            present_one = load_msp_folder(member.msp, msp_id)
            made = reenrolled(authority.client, present_one, same_key=same_key, now=present())
            self._replace(organization, name, made, new_keys=not same_key)
        return True

    def revoke(
        self,
        msp_id: str,
        certificates: Sequence[bytes],
        *,
        channels: bool = True,
        ca: bool = True,
        identities: bool = False,
        also: Sequence[bytes] = (),
        report: Report = silent,
    ) -> Revoked:
        """Revoke certificates (PEM) of an organisation whose CA is on this machine; nothing that was revoked comes back.

        The new lists of the CA and of those before it are kept in the organisation's folder and, with `channels`, in the
        configuration of each channel that the organisation is in: only there peers and orderers look. If the department
        has a CA server, it revokes what it has issued, and its own list is joined; `ca` is false to go on without it. With
        `identities` it also revokes the identities whose certificates these are, with all that it issued to them. `also`
        are further lists of the CA.

        Safe to repeat. Raises, with nothing changed, ConfigError for the administrator by whom this machine works and for
        what would harm a channel, NetworkError if the server does not answer, IdentityError for certificates of another
        CA; and PolicyError where others must sign.
        """
        with locked(self.root), ExitStack() as opened:
            self._refresh()
            organization = self._own(msp_id)
            if channels:
                self._require_running(with_cas=False)
            connections = opened.enter_context(Connections(self.plan))
            work = Revocations(self.plan, organization, is_published=channels)
            authority = self._authority(organization) if ca else None
            if authority is not None:
                opened.enter_context(authority)
            names = map(_common_name, certificates) if identities else ()
            server = AtServer(authority, frozenset(names), work.former)
            server.check()

            def next_lists() -> tuple[bytes, ...]:
                wanted = [*certificates, *work.issued(server.certificates())]
                known = [*also, *work.in_channels(connections), *server.lists()]
                return work.next_lists(wanted, now=present(), also=known)

            made = next_lists()
            check_reviews(list(work.reviews(made, connections)))
            server.revoke(made)
            made = next_lists()  # with what the server has issued meanwhile
            work.keep(made)
            return Revoked(made, tuple(work.publish(made, connections, report)))

    def _replace(
        self, organization: Organization, name: str, identity: SigningIdentity, *, new_keys: bool
    ) -> None:
        """Put a user's next identity in the place of the present one, with what its certificate says of the user."""
        definition = MSPDefinition.from_folder(organization.msp, organization.msp_id)
        certificate = identity.identity.certificate
        user = further_user(definition, certificate, now=present())
        member, key = organization.users[name], key_of(identity)
        take_identity(organization, member, certificate, key, new_keys=new_keys, now=present())
        others = self.state.users.get(organization.msp_id, {})
        self._remember(users={**self.state.users, organization.msp_id: {**others, name: user}})
        write_profiles(self.plan)

    def _with_user(self, msp_id: str, name: str, user: FurtherUser) -> tuple[Organization, Further]:
        """Return an organisation with one user more, and all further users then; raises ConfigError."""
        if name in self._own(msp_id).users:
            raise ConfigError(f"{self._own(msp_id).name} has a user {name} already")
        try:
            check_user_name(name)
        except ValueError as error:
            raise ConfigError(f"the user's name {error}") from error
        users = {**self.state.users, msp_id: {**self.state.users.get(msp_id, {}), name: user}}
        plan = self._plan_of(self.topology, users=users)
        return next(one for one in plan.own_organizations if one.msp_id == msp_id), users

    def _own(self, msp_id: str) -> Organization:
        """Return an organisation of this machine; raises NetworkError for another one."""
        found = next((one for one in self.plan.own_organizations if one.msp_id == msp_id), None)
        if found is None:
            raise NetworkError(f"the keys of {msp_id} are not on this machine")
        return found

    def _authority(self, organization: Organization) -> Authority | None:
        """Return the CA of an organisation at its department's server; None without a server."""
        owner = self.plan.owner(organization)
        return None if owner.cas is None else authority_of(owner, organization)


def _common_name(certificate: bytes) -> str:
    return read_certificate(certificate).subject.common_name
