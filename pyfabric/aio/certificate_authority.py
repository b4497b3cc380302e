"""A certificate authority of a Fabric CA server."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pyfabric.aio.administration import Administration
from pyfabric.ca import enrolling, informing, records, requests
from pyfabric.ca.authority import ask_as, authority
from pyfabric.ca.enrolling import Enrollment
from pyfabric.ca.options import CertificateOptions
from pyfabric.ca.records import (
    Affiliation,
    Attribute,
    CAInfo,
    RegisteredIdentity,
    Revocation,
)
from pyfabric.ca.signing_requests import SigningKey
from pyfabric.identity.keys import KeyKind, generate_private_key
from pyfabric.identity.signing import SigningIdentity

if TYPE_CHECKING:  # a profile is given, so that its room is loaded
    from pyfabric.profile import Profile

_USUAL: Final = CertificateOptions()


class CertificateAuthority(Administration):
    """One CA of a Fabric CA server (release 1.5), which issues the certificates of an organisation.

    `url` is https://host:port, or http:// for a server without TLS, to which secrets travel readable. `name` is the CA's on
    a server that has several. `trusted` are root certificates (PEM) to which what the CA issues must lead; without them it
    must lead to the root of the CA's own chain.

    A refusal raises CAError with Fabric CA's code and text, a CA that cannot be reached GatewayError, an answer that
    is invalid DecodeError. Who asks is the first argument: a registrar has the attribute `hf.Registrar.Roles`, a revoker
    `hf.Revoker`. Close it, or open it in `async with`.
    """

    def __init__(
        self,
        url: str,
        *,
        msp_id: str,
        name: str = "",
        tls_roots: bytes = b"",
        trusted: bytes = b"",
        server_name: str | None = None,
        client_certificate: bytes | None = None,
        client_key: bytes | None = None,
    ) -> None:
        super().__init__()
        self._ca = authority(
            url,
            msp_id=msp_id,
            name=name,
            tls_roots=tls_roots,
            trusted=trusted,
            server_name=server_name,
            client_certificate=client_certificate,
            client_key=client_key,
        )

    @classmethod
    def of_profile(cls, profile: "Profile", name: str | None = None) -> "CertificateAuthority":
        """Return a CA of a connection profile: without a name, the department's first.

        Raises NetworkError for what the profile lacks or has wrong, ClientError for a URL or roots that cannot be used.
        """
        entry = profile.authority(name)
        return cls(
            entry.url,
            msp_id=entry.msp_id,
            name=entry.name,
            tls_roots=entry.tls_roots,
            trusted=entry.trusted,
        )

    async def info(self) -> CAInfo:
        """Return the CA's name, chain and release; anyone may ask."""
        return await self._driver.run(informing.info(self._ca))

    async def enroll(
        self,
        name: str,
        secret: str,
        *,
        key: SigningKey | KeyKind = "p256",
        options: CertificateOptions = _USUAL,
    ) -> Enrollment:
        """Return the first certificate of a registered identity, with a new key or one that is kept elsewhere.

        The private key stays in this process, or where it is. A certificate that is not what was asked for (another key,
        name, profile or chain) raises IdentityError.
        """
        return await self._driver.run(enrolling.enroll(self._ca, name, secret, _held(key), options))

    async def reenroll(
        self,
        identity: SigningIdentity,
        *,
        key: SigningKey | KeyKind | None = None,
        options: CertificateOptions = _USUAL,
    ) -> Enrollment:
        """Return a further certificate of an identity; without `key` for the key that it has.

        Certificates before it stay valid. Raises what `enroll` raises.
        """
        held = enrolling.key_of(identity) if key is None else _held(key)
        return await self._driver.run(enrolling.reenroll(self._ca, identity, held, options))

    async def register(
        self,
        registrar: SigningIdentity,
        name: str,
        *,
        type: str = "client",
        affiliation: str | None = None,
        attributes: Sequence[Attribute] = (),
        max_enrollments: int = 0,
        secret: str = "",
    ) -> str:
        """Register an identity that then enrolls by itself, and return its secret, which the CA makes if none is given.

        The affiliation "" is the root, None the registrar's own. The secret serves `max_enrollments` times: 0 for as often
        as the CA allows, -1 without a limit.
        """
        request = requests.registration(
            self._ca.name,
            name,
            type=type,
            affiliation=affiliation,
            attributes=attributes,
            max_enrollments=max_enrollments,
            secret=secret,
        )
        return await self._driver.run(ask_as(self._ca, registrar, request, records.read_secret))

    async def revoke(
        self,
        revoker: SigningIdentity,
        name: str,
        *,
        reason: str = "",
        with_crl: bool = False,
    ) -> Revocation:
        """Revoke an identity: it can no longer enroll, and its certificates are in the CA's revocation list.

        Channels learn of it when the list is put into the organisation's MSP there. `reason` is one of RFC 5280
        (keycompromise, affiliationchanged, superseded, cessationofoperation, …); the CA takes others for none. An identity
        may revoke itself.
        """
        request = requests.revocation(self._ca.name, name=name, reason=reason, with_crl=with_crl)
        return await self._driver.run(informing.revoke(self._ca, revoker, request))

    async def revoke_certificate(
        self,
        revoker: SigningIdentity,
        serial: str,
        authority_key_id: str,
        *,
        reason: str = "",
        with_crl: bool = False,
    ) -> Revocation:
        """Revoke one certificate, by its serial number and its issuer's key identifier (both in hex)."""
        request = requests.revocation(
            self._ca.name,
            serial=serial,
            authority_key_id=authority_key_id,
            reason=reason,
            with_crl=with_crl,
        )
        return await self._driver.run(informing.revoke(self._ca, revoker, request))

    async def crl(
        self,
        caller: SigningIdentity,
        *,
        revoked_after: datetime | None = None,
        revoked_before: datetime | None = None,
        expire_after: datetime | None = None,
        expire_before: datetime | None = None,
    ) -> bytes:
        """Return the CA's revocation list (PEM), of all that is revoked and has not expired, or of what these times hold.

        The caller needs the attribute `hf.GenCRL`.
        """
        request = requests.crl(
            self._ca.name,
            revoked_after=revoked_after,
            revoked_before=revoked_before,
            expire_after=expire_after,
            expire_before=expire_before,
        )
        return await self._driver.run(informing.crl(self._ca, caller, request))

    async def identities(self, registrar: SigningIdentity) -> tuple[RegisteredIdentity, ...]:
        """Return the identities that the registrar may manage."""
        request = requests.identities(self._ca.name)
        return await self._driver.run(ask_as(self._ca, registrar, request, records.read_identities))

    async def identity(self, registrar: SigningIdentity, name: str) -> RegisteredIdentity:
        """Return one identity."""
        request = requests.identity(self._ca.name, name)
        return await self._driver.run(ask_as(self._ca, registrar, request, RegisteredIdentity.read))

    async def add_identity(
        self,
        registrar: SigningIdentity,
        name: str,
        *,
        type: str = "client",
        affiliation: str | None = None,
        attributes: Sequence[Attribute] = (),
        max_enrollments: int = 0,
        secret: str = "",
    ) -> RegisteredIdentity:
        """Do what `register` does, and return all that the CA keeps of the identity, its secret included."""
        request = requests.new_identity(
            self._ca.name,
            name,
            type=type,
            affiliation=affiliation,
            attributes=attributes,
            max_enrollments=max_enrollments,
            secret=secret,
        )
        return await self._driver.run(ask_as(self._ca, registrar, request, RegisteredIdentity.read))

    async def change_identity(
        self,
        registrar: SigningIdentity,
        name: str,
        *,
        type: str = "",
        affiliation: str | None = None,
        attributes: Sequence[Attribute] = (),
        max_enrollments: int | None = None,
        secret: str = "",
    ) -> RegisteredIdentity:
        """Change what is given of an identity, and return it.

        An attribute with the value "" is removed, others are added or replaced. 0 enrollments forbid further ones. A new
        secret also ends the lock after too many wrong ones.
        """
        request = requests.changed_identity(
            self._ca.name,
            name,
            type=type,
            affiliation=affiliation,
            attributes=attributes,
            max_enrollments=max_enrollments,
            secret=secret,
        )
        return await self._driver.run(ask_as(self._ca, registrar, request, RegisteredIdentity.read))

    async def remove_identity(
        self, registrar: SigningIdentity, name: str, *, force: bool = False
    ) -> RegisteredIdentity:
        """Remove an identity and return it; `force` for the registrar's own. The server must allow it.

        The CA revokes its certificates, too; channels learn of it by a revocation list alone.
        """
        request = requests.removed_identity(self._ca.name, name, force=force)
        return await self._driver.run(ask_as(self._ca, registrar, request, RegisteredIdentity.read))

    async def affiliations(self, registrar: SigningIdentity) -> Affiliation:
        """Return the tree of affiliations from the registrar's own down; the root's name is ""."""
        request = requests.affiliations(self._ca.name)
        return await self._driver.run(ask_as(self._ca, registrar, request, Affiliation.read))

    async def affiliation(self, registrar: SigningIdentity, name: str) -> Affiliation:
        """Return one affiliation with those below it."""
        request = requests.affiliation(self._ca.name, name)
        return await self._driver.run(ask_as(self._ca, registrar, request, Affiliation.read))

    async def add_affiliation(
        self, registrar: SigningIdentity, name: str, *, force: bool = False
    ) -> Affiliation:
        """Add an affiliation (city.tax); `force` adds missing ones above it, too.

        The caller of this and the next methods needs the attribute `hf.AffiliationMgr`.
        """
        request = requests.new_affiliation(self._ca.name, name, force=force)
        return await self._driver.run(ask_as(self._ca, registrar, request, Affiliation.read))

    async def rename_affiliation(
        self, registrar: SigningIdentity, name: str, new_name: str, *, force: bool = False
    ) -> Affiliation:
        """Rename an affiliation with those below it; `force` moves their identities, too, which are in the result."""
        request = requests.renamed_affiliation(self._ca.name, name, new_name, force=force)
        return await self._driver.run(ask_as(self._ca, registrar, request, Affiliation.read))

    async def remove_affiliation(
        self, registrar: SigningIdentity, name: str, *, force: bool = False
    ) -> Affiliation:
        """Remove an affiliation; `force` removes those below it and their identities, too. The server must allow it."""
        request = requests.removed_affiliation(self._ca.name, name, force=force)
        return await self._driver.run(ask_as(self._ca, registrar, request, Affiliation.read))

    async def certificates(
        self,
        caller: SigningIdentity,
        *,
        name: str = "",
        serial: str = "",
        authority_key_id: str = "",
        revoked_after: datetime | None = None,
        revoked_before: datetime | None = None,
        expire_after: datetime | None = None,
        expire_before: datetime | None = None,
        not_revoked: bool = False,
        not_expired: bool = False,
    ) -> tuple[bytes, ...]:
        """Return the certificates (PEM) that the CA issued and that meet all the conditions."""
        request = requests.certificates(
            self._ca.name,
            name=name,
            serial=serial,
            authority_key_id=authority_key_id,
            revoked_after=revoked_after,
            revoked_before=revoked_before,
            expire_after=expire_after,
            expire_before=expire_before,
            not_revoked=not_revoked,
            not_expired=not_expired,
        )
        return await self._driver.run(ask_as(self._ca, caller, request, records.read_certificates))


def _held(key: SigningKey | KeyKind) -> SigningKey:
    return key if isinstance(key, SigningKey) else SigningKey.of(generate_private_key(key))
