"""What is checked of a certificate and a revocation list that a CA issued, before they are handed out.

A CA that is broken, or is not the one it should be, is found here and not later by peers. Every problem is an IdentityError.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Final

from pyfabric.ca.options import CertificateOptions
from pyfabric.errors import DecodeError, IdentityError
from pyfabric.identity import extensions, parsing, pem
from pyfabric.identity.certificates import certificate_attributes, load_certificate
from pyfabric.identity.chains import Pool, check_node_certificate, unique_chain
from pyfabric.identity.parsing import Certificate
from pyfabric.identity.revocation import read_revocation_list
from pyfabric.identity.sealing import check_sealed
from pyfabric.identity.trust import is_self_signed

TLS_PROFILE: Final = "tls"
CA_PROFILE: Final = "ca"
_TLS_USES: Final = {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a certificate must be: whose, for which key (DER), and what was asked of it."""

    name: str
    public_key_info: bytes
    options: CertificateOptions


def read_chain(data: bytes) -> tuple[Certificate, ...]:
    """Return the certificates of a CA's chain (PEM); raises DecodeError if there is none, or one that cannot be read."""
    blocks = list(pem.find_all(data))
    if not blocks:
        raise DecodeError("there is no certificate in PEM")
    return tuple(parsing.read_der(block.content) for block in blocks)


def checked(issued: bytes, chain: bytes, wanted: Wanted, *, trusted: bytes, now: datetime) -> bytes:
    """Return the certificate (PEM) that a CA issued if it is what was wanted.

    It must lead to a root of `trusted` (PEM), or of the CA's own chain where nothing is trusted beforehand. Raises
    IdentityError.
    """
    try:
        certificate = parsing.read_pem(issued)
        if certificate is None:
            raise DecodeError("there is no PEM block")
        above = read_chain(chain)
        problem = _problem(certificate, wanted, now)
    except DecodeError as error:
        raise IdentityError(f"the CA answered what is not a certificate: {error}") from error
    if problem:
        raise IdentityError(f"the CA issued {problem}: it is not kept; ask who runs the CA")
    _check_path(certificate, above, wanted, trusted, now)
    encoded = pem.encode("CERTIFICATE", certificate.raw)
    _check_attributes(encoded, wanted.options)
    return encoded


def check_revocation_list(crl: bytes, chain: bytes, *, trusted: bytes) -> None:
    """Raise IdentityError unless one of a CA's chain signed the list (both PEM), and leads to a root as certificates must.

    Peers ignore a list of another CA, and take the certificates on it as before. Raises DecodeError for a chain that cannot
    be read.
    """
    found, above = read_revocation_list(crl), read_chain(chain)
    for issuer in above:
        with suppress(IdentityError):
            check_sealed(issuer, found.signature_algorithm, found.tbs, found.signature)
            unique_chain(issuer, *_pools(above, trusted))
            return
    raise IdentityError("the CA answered a revocation list that it did not sign: it is not kept")


def _pools(above: Sequence[Certificate], trusted: bytes) -> tuple[Pool, Pool]:
    """Return the roots that count, and what may stand between them and a certificate."""
    roots = Pool(read_chain(trusted) if trusted else filter(is_self_signed, above))
    return roots, Pool(one for one in above if one not in roots)


def _problem(certificate: Certificate, wanted: Wanted, now: datetime) -> str:
    if certificate.public_key_info != wanted.public_key_info:
        return "a certificate for another key"
    if certificate.subject.common_name != wanted.name:
        return f"a certificate for {certificate.subject.common_name!r} instead of {wanted.name!r}"
    if certificate.not_after < now:
        return f"a certificate that ended at {certificate.not_after:%Y-%m-%d %H:%M:%S} UTC"
    options = wanted.options
    return _wrong_profile(certificate, options.profile) or _missing_hosts(
        certificate, options.hosts
    )


def _wrong_profile(certificate: Certificate, profile: str) -> str:
    # A profile that the CA itself defines may make certificates of any kind.
    if profile == CA_PROFILE and not certificate.is_ca:
        return "a certificate that is not a CA's"
    if profile in ("", TLS_PROFILE) and certificate.is_ca:
        return "a CA's certificate, which was not asked for"
    if profile == TLS_PROFILE and not certificate.extended_key_usages & _TLS_USES:
        return "a certificate that is not for TLS"
    return ""


def _missing_hosts(certificate: Certificate, hosts: Sequence[str]) -> str:
    value = certificate.alternative_names
    names = extensions.alternative_names(value) if hosts and value is not None else frozenset()
    missing = [host for host in hosts if _host(host) not in {name.lower() for name in names}]
    return f"a certificate without the hosts {', '.join(missing)}" if missing else ""


def _host(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError:
        return host.lower()


def _check_path(
    certificate: Certificate,
    above: Sequence[Certificate],
    wanted: Wanted,
    trusted: bytes,
    now: datetime,
) -> None:
    roots, between = _pools(above, trusted)
    try:
        if wanted.options.profile:
            # A clock that differs from the CA's does no harm.
            moment = max(now, certificate.not_before)
            check_node_certificate(certificate, roots, between, moment, may_be_expired=False)
        else:
            unique_chain(certificate, roots, between)
    except IdentityError as error:
        whose = "a trusted root" if trusted else "the root of its own chain"
        raise IdentityError(
            f"the CA issued a certificate that does not lead to {whose}: {error}"
        ) from error


def _check_attributes(certificate: bytes, options: CertificateOptions) -> None:
    required = [one.name for one in options.attributes or () if not one.optional]
    found = certificate_attributes(load_certificate(certificate)) if required else {}
    missing = [name for name in required if name not in found]
    if missing:
        raise IdentityError(
            f"the CA issued a certificate without the attributes {', '.join(missing)}"
        )
