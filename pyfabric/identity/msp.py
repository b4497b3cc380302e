"""Membership: whether an identity belongs to an organisation, and which roles it has there.

Decides as Fabric's MSP of versions 1.4.3 and 3.0 does (channel capabilities V2_0 and V3_0), with the
same texts. Nothing depends on the time of day: Fabric looks at a certificate one second after its own
NotBefore, and its callers check the expiry apart. Older MSP versions and Idemix are left out.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property, lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from cryptography import x509
from fabric_protos.msp import identities_pb2

from pyfabric.errors import DecodeError, IdentityError
from pyfabric.identity import parsing, pem
from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.chains import Chain
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.keys import check_signature
from pyfabric.identity.names import ORGANIZATIONAL_UNIT
from pyfabric.identity.trust import (
    Authorities,
    chain_identifier,
    check_importable,
    read_certificate,
)
from pyfabric.identity.units import Role, Unit, UnitRules
from pyfabric.messages.decoding import decode

# Identities that one MSP remembers: more than the members that speak at the same time.
_REMEMBERED: Final = 1024


class MSP:
    """One organisation's membership rules. Raises IdentityError where Fabric's set-up would fail.

    `ed25519` allows identities with such keys: channel capability V3_0. Thread-safe.
    """

    def __init__(self, definition: MSPDefinition, *, ed25519: bool = False) -> None:
        if (definition.signature_hash_family, definition.identifier_hash) != ("SHA2", "SHA256"):
            raise IdentityError(
                f"MSP {definition.msp_id}: only SHA2 signatures and SHA256 identifiers are "
                f"supported, not {definition.signature_hash_family} and {definition.identifier_hash}"
            )
        self.definition = definition
        self.authorities = Authorities(definition)
        self.authorities.check_tls(definition)
        self.rules = UnitRules(definition, self.authorities)
        self._key_algorithms = ("ECDSA", "Ed25519") if ed25519 else ("ECDSA",)
        self._read = lru_cache(maxsize=_REMEMBERED)(self._read_certificate)
        admins = [self._admin(certificate) for certificate in definition.admin_certificates]
        self._admins = frozenset(admin.parsed.raw for admin in admins)
        if not admins and not self.rules.admins_by_unit:
            raise IdentityError(
                "administrators must be declared when no admin ou classification is set"
            )
        for at, admin in enumerate(admins):
            self._check_admin(at, admin)

    @property
    def msp_id(self) -> str:
        """The organisation's MSP id."""
        return self.definition.msp_id

    def deserialize(self, serialized: bytes) -> "MemberIdentity":
        """Return the identity in these bytes of msp.SerializedIdentity, not yet validated.

        Raises IdentityError if it is no certificate of this MSP's CAs. The answer is remembered.
        """
        identity = read_serialized(serialized)
        if identity.mspid != self.msp_id:
            raise IdentityError(f"expected MSP ID {self.msp_id}, received {identity.mspid}")
        return self.identity(identity.id_bytes)

    def identity(self, certificate_pem: bytes) -> "MemberIdentity":
        """Return the identity with this certificate; as `deserialize`."""
        return self._read(certificate_pem)

    def is_admin_certificate(self, certificate: parsing.Certificate) -> bool:
        """Return whether the definition names this very certificate as an admin's."""
        return certificate.raw in self._admins

    def check_key_algorithm(self, certificate: parsing.Certificate) -> None:
        """Raise IdentityError unless identities may have keys of this kind."""
        if certificate.key_algorithm not in self._key_algorithms:
            raise IdentityError(
                "could not validate identity's public key algorithm: "
                f"{certificate.key_algorithm} is not supported"
            )

    def _read_certificate(self, certificate_pem: bytes) -> "MemberIdentity":
        try:
            certificate = parsing.read_pem(certificate_pem)
        except DecodeError as error:
            raise IdentityError(f"parseCertificate failed: {error}") from error
        if certificate is None:
            raise IdentityError("could not decode the PEM structure")
        try:
            check_importable(certificate)
        except IdentityError as error:
            raise IdentityError(f"failed to import certificate's public key: {error}") from error
        return MemberIdentity(self, self.authorities.sanitized(certificate))

    def _admin(self, certificate_pem: bytes) -> "MemberIdentity":
        certificate = read_certificate(certificate_pem)
        check_importable(certificate)
        return MemberIdentity(self, self.authorities.sanitized(certificate))

    def _check_admin(self, at: int, admin: "MemberIdentity") -> None:
        if not self.rules.enforced:
            try:
                admin.validate()
            except IdentityError as error:
                raise IdentityError(f"admin {at} is invalid: {error}") from error
            return
        problems: list[str] = []
        for role in (Role.CLIENT, Role.ADMIN):
            try:
                self.rules.check_role(admin.units, role)
            except IdentityError as error:
                problems.append(str(error))
            else:
                return
        raise IdentityError(f"admin {at} is invalid [{','.join(problems)}]")


class MemberIdentity:
    """An identity of an MSP. The checks raise IdentityError with Fabric's texts, or return None."""

    def __init__(self, msp: MSP, certificate: parsing.Certificate) -> None:
        self.msp = msp
        self.parsed = certificate

    def __repr__(self) -> str:
        return f"MemberIdentity({self.msp_id}, {self.parsed.subject.go_text})"

    @property
    def msp_id(self) -> str:
        """The MSP id."""
        return self.msp.msp_id

    @cached_property
    def identifier(self) -> str:
        """SHA-256 of the certificate, hex: with the MSP id, what makes two identities the same."""
        return sha256(self.parsed.raw).hexdigest()

    @cached_property
    def certificate_pem(self) -> bytes:
        """The certificate, with its signature in low-s form."""
        return pem.encode("CERTIFICATE", self.parsed.raw)

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The certificate for the cryptography library; IdentityError if that cannot read it."""
        return load_certificate(self.certificate_pem)

    @property
    def expires_at(self) -> datetime:
        """When the certificate ends (UTC). No check here looks at it."""
        return self.parsed.not_after

    @cached_property
    def chain(self) -> Chain:
        """The path to a root, from the certificate up; IdentityError if there is none, or more than one."""
        return self.msp.authorities.identity_chain(self.parsed)

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """The OUs of the subject with the CA that vouches for them; none without a valid path."""
        try:
            issuer = chain_identifier(self.chain[1:])
        except IdentityError:
            return ()
        names = self.parsed.subject.values(ORGANIZATIONAL_UNIT)
        return tuple(Unit(name, issuer) for name in names)

    def serialized(self) -> bytes:
        """Return the bytes of msp.SerializedIdentity with the certificate in low-s form."""
        return identities_pb2.SerializedIdentity(
            mspid=self.msp_id, id_bytes=self.certificate_pem
        ).SerializeToString()

    def verify(self, message: bytes, signature: bytes) -> None:
        """Check that this identity signed the message."""
        check_signature(self.parsed.public_key, message, signature)

    def validate(self) -> None:
        """Check that the identity is a valid member: key, path, revocation, OUs. Remembered."""
        if self._problem:
            raise IdentityError(self._problem)

    @cached_property
    def _problem(self) -> str:
        """Why the identity is no valid member; empty if it is one."""
        stage = ""
        try:
            self.msp.check_key_algorithm(self.parsed)
            stage = "could not obtain certification chain: "
            chain = self.chain
            stage = "could not validate identity against certification chain: "
            self.msp.authorities.check_not_revoked(self.parsed, chain)
            stage = "could not validate identity's OUs: "
            self.msp.rules.check(self.units)
        except IdentityError as error:
            return stage + str(error)
        return ""


class MSPManager:
    """The MSPs of a channel, or of a node: finds the one that an identity claims."""

    def __init__(self, msps: Iterable[MSP]) -> None:
        self._msps = {msp.msp_id: msp for msp in msps}

    @property
    def msps(self) -> Mapping[str, MSP]:
        """The MSPs by their ids."""
        return MappingProxyType(self._msps)

    def deserialize(self, serialized: bytes) -> MemberIdentity:
        """Do what `MSP.deserialize` does, with the MSP that the bytes name; raises IdentityError without it."""
        identity = read_serialized(serialized)
        msp = self._msps.get(identity.mspid)
        if msp is None:
            raise IdentityError(f"MSP {identity.mspid} is not defined on channel")
        return msp.identity(identity.id_bytes)


def read_serialized(serialized: bytes) -> identities_pb2.SerializedIdentity:
    """Read msp.SerializedIdentity; raises IdentityError with Fabric's text."""
    return decode(
        identities_pb2.SerializedIdentity,
        serialized,
        IdentityError,
        "could not deserialize a SerializedIdentity",
    )
