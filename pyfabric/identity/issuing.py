"""A department's certificate authorities: certificates and revocation lists in the form Fabric takes."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final, Literal, Self, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pyfabric.errors import IdentityError
from pyfabric.identity import parsing, pem
from pyfabric.identity.certificates import ATTRIBUTES_OID, issued_by, load_certificate
from pyfabric.identity.keys import (
    KeyKind,
    PrivateKey,
    generate_private_key,
    load_private_key,
    low_s_signature,
    private_key_pem,
)

Unit: TypeAlias = Literal["client", "peer", "admin", "orderer"]
PublicKey: TypeAlias = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

# Certificates begin this much early, for hosts whose clocks differ.
_BACKDATED: Final = timedelta(minutes=5)
_SERVER_AND_CLIENT: Final = x509.ExtendedKeyUsage(
    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
)


class CertificateAuthority:
    """A CA with its key in this process. Signatures are low-s, so Fabric rewrites no certificate."""

    def __init__(self, certificate_pem: bytes, key: PrivateKey) -> None:
        self.certificate = load_certificate(certificate_pem)
        self.certificate_pem = certificate_pem
        self._key = key

    @property
    def key_pem(self) -> bytes:
        """The private key (PKCS#8 PEM), to be kept in a file of mode 0600."""
        return private_key_pem(self._key)

    @classmethod
    def create(
        cls,
        common_name: str,
        organization: str,
        *,
        now: datetime,
        years: int = 10,
        key_kind: KeyKind = "p256",
    ) -> Self:
        """Return a new root CA; the common name and the organization become its subject."""
        key = generate_private_key(key_kind)
        subject = _name(common_name, organization)
        begin = now - _BACKDATED
        builder = _builder(subject, key.public_key(), begin, now + timedelta(days=365 * years))
        builder = _with_authority(builder, path_length=None)
        return cls(_signed(builder, subject, key, key.public_key()), key)

    @classmethod
    def load(cls, certificate_pem: bytes, key_pem: bytes) -> Self:
        """Return a CA from PEM; raises IdentityError if the key is not the certificate's."""
        key = load_private_key(key_pem)
        if load_certificate(certificate_pem).public_key() != key.public_key():
            raise IdentityError("the private key does not belong to the CA's certificate")
        return cls(certificate_pem, key)

    def create_intermediate(
        self, common_name: str, *, now: datetime, years: int = 5, key_kind: KeyKind = "p256"
    ) -> Self:
        """Return a new CA below this one.

        Once the MSP names it, this one may issue no identities itself.
        """
        key = generate_private_key(key_kind)
        builder = self._builder(
            _name(common_name, self.organization), key.public_key(), now, years * 365
        )
        return type(self)(
            self._signed(_with_authority(builder, path_length=0), key.public_key()), key
        )

    def issue(
        self,
        common_name: str,
        *,
        now: datetime,
        public_key: PublicKey,
        unit: Unit | None = None,
        days: int = 365,
        hosts: Sequence[str] = (),
        attributes: Mapping[str, str] | None = None,
        tls: bool = False,
    ) -> bytes:
        """Return a certificate (PEM) that begins no earlier and ends no later than the CA's own.

        `unit` is the OU that gives the role. `hosts` are DNS names and IP addresses. `attributes`
        are what contracts read of the client. `tls` makes a certificate for servers and clients of
        connections; others are for signing.
        """
        subject = _name(common_name, self.organization, unit)
        builder = self._builder(subject, public_key, now, days)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        builder = builder.add_extension(
            _usage(digital_signature=True, key_encipherment=tls), critical=True
        )
        if tls:
            builder = builder.add_extension(_SERVER_AND_CLIENT, critical=False)
        if hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        if attributes:
            value = json.dumps({"attrs": dict(attributes)}, separators=(",", ":")).encode()
            extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(ATTRIBUTES_OID), value)
            builder = builder.add_extension(extension, critical=False)
        return self._signed(builder, public_key)

    def revoke(
        self,
        certificates: Iterable[bytes],
        *,
        now: datetime,
        days: int = 365,
        earlier: Iterable[bytes] = (),
    ) -> bytes:
        """Return the revocation list (PEM) that holds these certificates (PEM) and all that `earlier` lists hold.

        It replaces the earlier lists (PEM), which keep their dates and reasons. Raises IdentityError for a certificate
        or a list of another CA.
        """
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now)
            .next_update(now + timedelta(days=days))
            .add_extension(self._key_identifier(), critical=False)
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        )
        entries = {entry.serial_number: entry for one in earlier for entry in self._entries(one)}
        for content in certificates:
            certificate = load_certificate(content)
            if not issued_by(content, self.certificate_pem):
                raise IdentityError(
                    f"{certificate.subject.rfc4514_string()} was not issued by "
                    f"{self.certificate.subject.rfc4514_string()}"
                )
            serial = certificate.serial_number
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
            entries.setdefault(serial, entry.build())
        for serial in sorted(entries):
            builder = builder.add_revoked_certificate(entries[serial])
        return builder.sign(self._key, _hash(self._key)).public_bytes(Encoding.PEM)

    def _entries(self, revocation_list: bytes) -> Iterator[x509.RevokedCertificate]:
        """Yield what a list of this CA holds; raises IdentityError for another one's."""
        try:
            found = x509.load_pem_x509_crl(revocation_list)
            own = found.is_signature_valid(self.certificate.public_key())  # type: ignore[arg-type]
        except (ValueError, TypeError) as error:
            raise IdentityError(f"not a revocation list: {error}") from error
        if not own:
            raise IdentityError(
                f"the revocation list of {found.issuer.rfc4514_string()} was not signed by "
                f"{self.certificate.subject.rfc4514_string()}"
            )
        yield from found

    @property
    def organization(self) -> str:
        """The organization of the CA's subject, and of all that it issues; "" if it has none."""
        names = self.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        return str(names[0].value) if names else ""

    def _key_identifier(self) -> x509.AuthorityKeyIdentifier:
        own = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)

    def _builder(
        self, subject: x509.Name, public_key: PublicKey, now: datetime, days: int
    ) -> x509.CertificateBuilder:
        begin = max(now - _BACKDATED, self.certificate.not_valid_before_utc)
        end = min(now + timedelta(days=days), self.certificate.not_valid_after_utc)
        return _builder(subject, public_key, begin, end)

    def _signed(self, builder: x509.CertificateBuilder, public_key: PublicKey) -> bytes:
        builder = builder.add_extension(self._key_identifier(), critical=False)
        return _signed(builder, self.certificate.subject, self._key, public_key)


def self_signed_client(
    common_name: str, organization: str, key: PrivateKey, *, now: datetime, days: int = 365
) -> bytes:
    """Return a certificate (PEM) of a TLS client that no CA issued: it is its own root.

    A server whose root it is takes this client alone. That holds for OpenSSL, which refuses the certificate
    of a CA's client as a root, and for Go, whose clients show a certificate only to servers that name its
    issuer. It names itself by its serial number, too: among several roots of one name, OpenSSL otherwise looks at one
    alone, and a server that takes this certificate and the one before it would refuse either.
    """
    subject, serial = _name(common_name, organization), x509.random_serial_number()
    begin = now - _BACKDATED
    builder = _builder(subject, key.public_key(), begin, now + timedelta(days=days), serial)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    itself = x509.AuthorityKeyIdentifier(own.digest, [x509.DirectoryName(subject)], serial)
    for extension, critical in (
        (itself, False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
    ):
        builder = builder.add_extension(extension, critical=critical)
    return _signed(builder, subject, key, key.public_key())


def _name(common_name: str, organization: str, unit: str | None = None) -> x509.Name:
    parts = (
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        (NameOID.COMMON_NAME, common_name),
    )
    return x509.Name([x509.NameAttribute(type_, value) for type_, value in parts if value])


def _builder(
    subject: x509.Name,
    public_key: PublicKey,
    begin: datetime,
    end: datetime,
    serial: int | None = None,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number() if serial is None else serial)
        .not_valid_before(begin)
        .not_valid_after(end)
    )


def _with_authority(
    builder: x509.CertificateBuilder, *, path_length: int | None
) -> x509.CertificateBuilder:
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    usage = _usage(digital_signature=True, key_cert_sign=True, crl_sign=True)
    return builder.add_extension(constraints, critical=True).add_extension(usage, critical=True)


def _usage(
    *,
    digital_signature: bool,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _hash(key: PrivateKey) -> hashes.SHA256 | None:
    return hashes.SHA256() if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _signed(
    builder: x509.CertificateBuilder, issuer: x509.Name, key: PrivateKey, public_key: PublicKey
) -> bytes:
    identifier = x509.SubjectKeyIdentifier.from_public_key(public_key)
    builder = builder.issuer_name(issuer).add_extension(identifier, critical=False)
    certificate = builder.sign(key, _hash(key)).public_bytes(Encoding.DER)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        parsed = parsing.read_der(certificate)
        signature = low_s_signature(key.curve.name, parsed.signature)
        certificate = parsing.with_signature(parsed, signature).raw
    return pem.encode("CERTIFICATE", certificate)
