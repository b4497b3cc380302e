"""The CAs of one MSP: set up as Fabric sets them up, then asked for the path of a certificate."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final, cast

from cryptography.hazmat.primitives.asymmetric import ec

from pyfabric.errors import DecodeError, IdentityError
from pyfabric.identity import extensions, keys, parsing
from pyfabric.identity.chains import Chain, Pool, unique_chain
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.parsing import Certificate
from pyfabric.identity.revocation import RevocationList, read_revocation_list
from pyfabric.identity.sealing import check_issued_by, is_ecdsa_signed

_IMPORTABLE_KEYS: Final = ("ECDSA", "Ed25519", "RSA")


def read_certificate(pem_bytes: bytes) -> Certificate:
    """Return a certificate of an MSP's definition; raises IdentityError with Fabric's text."""
    try:
        certificate = parsing.read_pem(pem_bytes)
    except DecodeError as error:
        raise IdentityError(f"getCertFromPem error: failed to parse x509 cert: {error}") from error
    if certificate is None:
        raise IdentityError(
            f"getCertFromPem error: could not decode pem bytes [{go_bytes(pem_bytes)}]"
        )
    return certificate


def go_bytes(data: bytes) -> str:
    """Return bytes as Go prints them in an error: `[48 130 1]`."""
    return f"[{' '.join(map(str, data))}]"


def check_importable(certificate: Certificate) -> None:
    """Raise IdentityError unless the certificate's key is of a kind that Fabric can load."""
    if certificate.key_algorithm not in _IMPORTABLE_KEYS:
        raise IdentityError(
            "Failed importing key with opts [&{true}]: Certificate's public key type not "
            "recognized. Supported keys: [ECDSA, ED25519, RSA]"
        )


def chain_identifier(chain: Iterable[Certificate]) -> bytes:
    """Return what identifies an issuing CA: SHA-256 over its certificate and those above it."""
    digest = sha256()
    for certificate in chain:
        digest.update(certificate.raw)
    return digest.digest()


class Authorities:
    """Roots, intermediates and revocation lists of an MSP; raises IdentityError if they do not fit.

    Certificates are held with low-s signatures: Fabric rewrites those that are not.
    """

    def __init__(self, definition: MSPDefinition) -> None:
        if not definition.root_certificates:
            raise IdentityError("expected at least one CA certificate")
        roots = [read_certificate(pem) for pem in definition.root_certificates]
        intermediates = [read_certificate(pem) for pem in definition.intermediate_certificates]
        self._roots, self._intermediates = Pool(roots), Pool(intermediates)
        self.roots = [self._imported(certificate) for certificate in roots]
        self.intermediates = [self._imported(certificate) for certificate in intermediates]
        self._roots, self._intermediates = Pool(self.roots), Pool(self.intermediates)
        self._lists = [read_revocation_list(data) for data in definition.revocation_lists]
        for certificate in (*self.roots, *self.intermediates):
            check_authority(certificate, self._roots, self._intermediates, self._lists)
        self._inner = frozenset(
            above.raw for ca in self.intermediates for above in self._chain(ca)[1:]
        )

    def check_tls(self, definition: MSPDefinition) -> None:
        """Raise IdentityError unless the TLS CAs of the definition are well formed."""
        roots = [read_certificate(pem) for pem in definition.tls_root_certificates]
        intermediates = [read_certificate(pem) for pem in definition.tls_intermediate_certificates]
        for certificate in (*roots, *intermediates):
            check_authority(certificate, Pool(roots), Pool(intermediates), self._lists)

    def sanitized(self, certificate: Certificate) -> Certificate:
        """Return the certificate with a low-s signature, if an ECDSA key signed it.

        Raises IdentityError if it has no path to a root; other certificates are not looked at yet.
        """
        if not is_ecdsa_signed(certificate.signature_algorithm):
            return certificate
        if certificate.is_ca and is_self_signed(certificate):
            certificate = _with_low_s(certificate, certificate)
            unique_chain(certificate, Pool([certificate]), self._intermediates)
            return certificate
        chain = self._chain(certificate)
        if len(chain) == 1:
            raise IdentityError(
                "failed to traverse certificate verification chain for leaf or intermediate "
                f"certificate, with subject {certificate.subject.go_text}"
            )
        return _with_low_s(certificate, chain[1])

    def identity_chain(self, certificate: Certificate) -> Chain:
        """Return the path of an identity's certificate; raises IdentityError.

        A CA is no identity, and a CA with an intermediate below it issues none.
        """
        if certificate.is_ca:
            raise IdentityError(
                "An X509 certificate with Basic Constraint: Certificate Authority equals true "
                "cannot be used as an identity"
            )
        return self._leaf_chain(certificate, issuer=1)

    def check_not_revoked(self, certificate: Certificate, chain: Chain) -> None:
        """Raise IdentityError if a list of the issuer revokes the certificate."""
        check_not_revoked(certificate, chain, self._lists)

    def issuer_identifier(self, pem_bytes: bytes) -> bytes:
        """Return the chain identifier of one of the MSP's own CAs, as OU rules name them.

        Raises IdentityError for any other certificate, and for a CA that issues no identities.
        """
        try:
            certificate = read_certificate(pem_bytes)
        except IdentityError as error:
            raise IdentityError(
                f"Failed getting certificate for [{go_bytes(pem_bytes)}]: [{error}]"
            ) from error
        try:
            certificate = self.sanitized(certificate)
        except IdentityError as error:
            raise IdentityError(f"sanitizeCert failed {error}") from error
        if certificate in self._roots:
            return chain_identifier([certificate])
        if certificate not in self._intermediates:
            raise IdentityError(
                f"Failed adding OU. Certificate [{certificate.subject.go_text}] "
                "not in root or intermediate certs."
            )
        try:
            return chain_identifier(self._leaf_chain(certificate, issuer=0))
        except IdentityError as error:
            raise IdentityError(
                f"Failed computing validation chain for [{certificate.subject.go_text}]. [{error}]"
            ) from error

    def _imported(self, certificate: Certificate) -> Certificate:
        check_importable(certificate)
        return self.sanitized(certificate)

    def _chain(self, certificate: Certificate) -> Chain:
        return unique_chain(certificate, self._roots, self._intermediates)

    def _leaf_chain(self, certificate: Certificate, *, issuer: int) -> Chain:
        try:
            chain = self._chain(certificate)
        except IdentityError as error:
            raise IdentityError(f"failed getting validation chain: {error}") from error
        if chain[issuer].raw in self._inner:
            raise IdentityError(
                "invalid validation chain. Parent certificate should be a leaf of the "
                f"certification tree [{go_bytes(certificate.raw)}]"
            )
        return chain


def check_authority(
    certificate: Certificate, roots: Pool, intermediates: Pool, lists: Iterable[RevocationList]
) -> None:
    """Raise IdentityError unless the certificate is a CA's with a path and not revoked."""
    if not certificate.is_ca:
        raise IdentityError(
            f"CA Certificate did not have the CA attribute, (SN: {certificate.serial:x})"
        )
    if extensions.SUBJECT_KEY_ID not in certificate.extensions:
        raise IdentityError(
            "CA Certificate problem with Subject Key Identifier extension, "
            f"(SN: {certificate.serial:x}): subjectKeyIdentifier not found in certificate"
        )
    problem = f"CA Certificate is not valid, (SN: {certificate.serial}): "
    try:
        chain = unique_chain(certificate, roots, intermediates)
    except IdentityError as error:
        raise IdentityError(f"{problem}could not obtain certification chain: {error}") from error
    if len(chain) > 1:
        try:
            check_not_revoked(certificate, chain, lists)
        except IdentityError as error:
            raise IdentityError(problem + str(error)) from error


def check_not_revoked(
    certificate: Certificate, chain: Chain, lists: Iterable[RevocationList]
) -> None:
    """Raise IdentityError if one of the lists is by the issuer and holds the certificate."""
    issuer = chain[1]
    if extensions.SUBJECT_KEY_ID not in issuer.extensions:
        raise IdentityError(
            "could not obtain Subject Key Identifier for signer cert: "
            "subjectKeyIdentifier not found in certificate"
        )
    for revocation_list in lists:
        if revocation_list.revokes(certificate, issuer):
            raise IdentityError("The certificate has been revoked")


def is_self_signed(certificate: Certificate) -> bool:
    """Return whether a certificate is a CA's that signed itself."""
    try:
        check_issued_by(certificate, certificate)
    except IdentityError:
        return False
    return True


def _with_low_s(certificate: Certificate, issuer: Certificate) -> Certificate:
    key = cast("ec.EllipticCurvePublicKey", issuer.public_key)
    signature = keys.low_s_signature(key.curve.name, certificate.signature)
    if signature == certificate.signature:
        return certificate
    return parsing.with_signature(certificate, signature)
