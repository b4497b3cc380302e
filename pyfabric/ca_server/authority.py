"""One CA: its key, its registry, and what every request needs of both: who calls, a certificate, a revocation list."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from random import Random
from typing import Final

from pyfabric.ca.codes import CAErrorCode
from pyfabric.ca.records import CAInfo
from pyfabric.ca_server.allowances import check_attempts, check_enrolling
from pyfabric.ca_server.identities import UNLIMITED, Identity
from pyfabric.ca_server.issuing import Issuer, Revoked
from pyfabric.ca_server.profiles import PROFILES, Profile
from pyfabric.ca_server.refusals import RefusedError, not_authenticated, not_found
from pyfabric.ca_server.registry import (
    IssuedCertificate,
    Registry,
    issuer_of,
    matches,
    new_hash,
    serial_of,
)
from pyfabric.ca_server.requests import SigningRequest
from pyfabric.ca_server.signing_requests import ReadRequest
from pyfabric.errors import DecodeError, IdentityError
from pyfabric.identity import parsing, pem
from pyfabric.identity.chains import Pool, check_valid

_SERIAL_BITS: Final = 159  # RFC 5280, 4.1.2.2: twenty octets, and positive
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LENGTH: Final = 12


@dataclass(frozen=True, slots=True)
class Rules:
    """What a CA is configured to do; the defaults are those of `fabric-ca-server init`, except that it removes.

    `wrong_secrets` after one another lock an identity out; `max_enrollments` is the limit of all.
    """

    profiles: Mapping[str, Profile] = field(default_factory=lambda: PROFILES)
    crl_expiry: timedelta = timedelta(hours=24)
    wrong_secrets: int = 10
    max_enrollments: int = UNLIMITED
    may_remove: bool = True


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request, and with which certificate, unless it was a secret."""

    identity: Identity
    certificate: parsing.Certificate | None = None


@dataclass(frozen=True)
class Authority:
    """A CA by its name. `chain` (PEM) is its certificate and those above it; `now` and `random` are given to it."""

    name: str
    issuer: Issuer
    chain: bytes
    registry: Registry
    rules: Rules
    now: Callable[[], datetime]
    random: Random

    def info(self, version: str = "") -> CAInfo:
        """Return what anybody may know of the CA."""
        return CAInfo(self.name, self.chain, version)

    def identity(self, name: str) -> Identity:
        """Return an identity; raises RefusedError if it is not registered."""
        found = self.registry.identity(name)
        if found is None:
            raise not_found("User")
        return found

    def affiliation(self, name: str) -> str:
        """Return an affiliation's name; raises RefusedError if there is no such affiliation."""
        if name not in self.registry.affiliations():
            raise not_found("affiliation")
        return name

    def profile(self, name: str) -> Profile:
        """Return a signing profile; raises RefusedError for one that there is not."""
        if name not in self.rules.profiles:
            raise RefusedError(500, CAErrorCode.UNKNOWN, f"Invalid profile: '{name}'")
        return self.rules.profiles[name]

    def new_secret(self) -> str:
        """Return a random secret."""
        return "".join(self.random.choice(_LETTERS) for _ in range(_SECRET_LENGTH))

    def kept(self, secret: str) -> str:
        """Return what the registry keeps of a secret."""
        return new_hash(secret, self.random.randbytes)

    def caller_with_secret(self, name: str, secret: str) -> Caller:
        """Return who gives a name and the secret to it, and may enrol now; raises RefusedError."""
        identity = self.registry.identity(name)
        if identity is None:
            raise not_authenticated(
                "Failed to get user: Failed to get User: sql: no rows in result set"
            )
        check_attempts(identity, self.rules.wrong_secrets)
        if not matches(secret, identity.secret):
            wrong = replace(identity, wrong_secrets=identity.wrong_secrets + 1)
            self.registry.put_identity(wrong)
            raise not_authenticated("Login failure: Password mismatch")
        check_enrolling(identity)
        if identity.wrong_secrets:
            identity = replace(identity, wrong_secrets=0)
            self.registry.put_identity(identity)
        return Caller(identity)

    def caller_with_certificate(self, certificate: parsing.Certificate) -> Caller:
        """Return whose certificate of this CA this is; raises RefusedError unless it counts now."""
        try:
            check_valid(certificate, self._pools[0], self._pools[1], self.now())
        except IdentityError as error:
            raise not_authenticated(f"Untrusted certificate: {error}") from error
        issued = self.registry.certificate(serial_of(certificate), issuer_of(certificate))
        if issued is None:
            raise not_authenticated(
                f"Certificate not found with AKI '{issuer_of(certificate)}' and serial '{serial_of(certificate)}'"
            )
        if issued.revoked is not None:
            raise not_authenticated(
                "The certificate in the authorization header is a revoked certificate"
            )
        identity = self.registry.identity(certificate.subject.common_name)
        if identity is None:
            raise not_authenticated("Failed to get user")
        return Caller(identity, certificate)

    def issue(
        self,
        request: SigningRequest,
        read: ReadRequest,
        identity: Identity,
        attributes: Mapping[str, str] | None,
    ) -> bytes:
        """Issue and remember a certificate (PEM) of an identity; raises RefusedError."""
        issued = self.issuer.issue(
            request,
            read,
            self.profile(request.profile),
            units=identity.units,
            attributes=attributes,
            serial=self.random.getrandbits(_SERIAL_BITS),
            now=self.now(),
        )
        self.registry.add_certificate(identity.name, issued, _parsed(issued))
        return issued

    def revocation_list(self, certificates: Sequence[IssuedCertificate]) -> bytes:
        """Return a revocation list (PEM) with those of these certificates that are revoked."""
        entries = [
            Revoked(int(one.serial, 16), one.revoked)
            for one in certificates
            if one.revoked is not None
        ]
        now = self.now()
        return self.issuer.revocation_list(
            entries, now=now, next_update=now + self.rules.crl_expiry
        )

    @cached_property
    def _pools(self) -> tuple[Pool, Pool]:
        """The roots and the others of its chain: who has issued itself is a root."""
        found = [parsing.read_der(block.content) for block in pem.find_all(self.chain)]
        roots = [one for one in found if one.authority_key_id in (b"", one.subject_key_id)]
        return Pool(roots), Pool([one for one in found if one not in roots])


def _parsed(issued: bytes) -> parsing.Certificate:
    found = parsing.read_pem(issued)
    if found is None:
        raise DecodeError("a certificate that was issued is not PEM")
    return found
