"""Certificates of endorsers and requesters: a narrow profile, stricter than Fabric's.

Fabric judges a certificate at its own beginning and takes any text around it. Here every certificate of the path must be
valid at a given time and have one form. Revocation and OUs are judged as an MSP does it: a list counts whatever its dates.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from fabric_protos.msp import identities_pb2

from pyfabric.errors import IdentityError
from pyfabric.identity import extensions, parsing, pem
from pyfabric.identity.keys import SIGNING_CURVES, check_signature, require_strict_der
from pyfabric.identity.msp import MSP, MemberIdentity
from pyfabric.identity.parsing import Certificate
from pyfabric.identity.units import Role
from pyfabric.sharing import strict

LONGEST_CHAIN: Final = 3
_REMEMBERED: Final = 1024


@dataclass(frozen=True, slots=True)
class Signer:
    """Who is said to have signed: an MSP id and one certificate; whether the MSP knows it is not looked at yet."""

    msp_id: str
    certificate_pem: bytes
    certificate: Certificate

    def check(self, message: bytes, signature: bytes) -> None:
        """Raise IdentityError unless the key signed the message: ECDSA over SHA-256, strict DER, low s."""
        require_strict_der(signature)
        check_signature(self.certificate.public_key, message, signature)


def read_signer(serialized: bytes) -> Signer:
    """Return the signer in bytes of msp.SerializedIdentity; raises DecodeError or IdentityError for any but their only form."""
    identity = strict.read(identities_pb2.SerializedIdentity, serialized)
    return Signer(identity.mspid, identity.id_bytes, _certificate(identity.id_bytes))


def find_member(signer: Signer, msp: MSP) -> MemberIdentity:
    """Return the member of an MSP that a signer is; raises IdentityError unless its certificate leads to a root of the MSP."""
    member = msp.identity(signer.certificate_pem)
    if member.certificate_pem != signer.certificate_pem:
        raise IdentityError("the issuer's signature on the certificate has a high s")
    return member


def check_member(member: MemberIdentity, moment: int) -> None:
    """Raise IdentityError unless a member is valid, and its path of the profile and valid at a time (Unix seconds)."""
    member.validate()
    when = datetime.fromtimestamp(moment, UTC)
    for certificate in member.chain:
        _check_form(certificate)
        if not certificate.not_before <= when <= certificate.not_after:
            raise _refused(certificate, f"is not valid at {when:%Y-%m-%dT%H:%M:%SZ}")
    for certificate, issuer in pairwise(member.chain):
        if certificate.authority_key_id != issuer.subject_key_id:
            raise _refused(certificate, "does not name the key of its issuer")


def check_peer(member: MemberIdentity) -> None:
    """Raise IdentityError unless NodeOUs make the member a peer. An MSP without NodeOUs is left to the policy."""
    if member.msp.rules.enforced:
        member.msp.rules.check_role(member.units, Role.PEER)


@lru_cache(maxsize=_REMEMBERED)
def _certificate(certificate_pem: bytes) -> Certificate:
    block = pem.find(certificate_pem)
    if block is None or pem.encode("CERTIFICATE", block.content) != certificate_pem:
        raise IdentityError(
            "not one certificate in PEM, with lines of 64 characters and no text around it"
        )
    return parsing.read_der(block.content)


def _check_form(certificate: Certificate) -> None:
    """Check the key and its uses; certificates before version 3 have no extensions, so that they are refused here."""
    key = certificate.public_key
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in SIGNING_CURVES:
        raise _refused(certificate, "has no key on P-256 or P-384")
    usage = certificate.extensions.get(extensions.KEY_USAGE)
    if usage is None:
        raise _refused(certificate, "has no key usage")
    signs_data = extensions.may_sign_data(usage.value) and not certificate.may_sign_certificates
    if not (certificate.may_sign_certificates if certificate.is_ca else signs_data):
        raise _refused(
            certificate,
            "has another key usage: a CA signs certificates, everybody else signs data alone",
        )


def _refused(certificate: Certificate, problem: str) -> IdentityError:
    return IdentityError(f"the certificate of {certificate.subject.go_text} {problem}")
