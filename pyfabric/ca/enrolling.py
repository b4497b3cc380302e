"""Certificates from a CA: the first with a secret, later ones with the certificate before."""

from dataclasses import dataclass

from pyfabric.ca import issued, records, requests, tokens
from pyfabric.ca.authority import Authority, ask, ask_as
from pyfabric.ca.options import CertificateOptions
from pyfabric.ca.records import CAInfo
from pyfabric.ca.signing_requests import (
    PUBLIC_KEYS,
    SigningKey,
    request_to_sign,
    signing_request,
)
from pyfabric.client.effects import Flow, now, sign
from pyfabric.errors import ClientError, IdentityError
from pyfabric.identity.signing import Identity, SigningIdentity


@dataclass(frozen=True, slots=True)
class Enrollment:
    """A new certificate with its key, and the CA that issued it."""

    identity: SigningIdentity
    ca: CAInfo


def enroll(
    ca: Authority, name: str, secret: str, key: SigningKey, options: CertificateOptions
) -> Flow[Enrollment]:
    """Return the certificate of a registered identity for a key.

    Raises IdentityError if the CA issued another certificate than was asked for.
    """
    if not name or ":" in name:
        raise ClientError(f"{name!r} cannot enroll: a name is not empty and has no colon")
    request = yield from _request(ca, name, key, options, again=False)
    result = yield from ask(ca, request, tokens.basic_authorization(name, secret))
    return (yield from _enrollment(ca, name, key, options, records.read_issued(result)))


def reenroll(
    ca: Authority, identity: SigningIdentity, key: SigningKey, options: CertificateOptions
) -> Flow[Enrollment]:
    """Return a further certificate of an identity that has one; raises what `enroll` raises."""
    name = tokens.certificate_of(identity.identity.certificate).subject.common_name
    request = yield from _request(ca, name, key, options, again=True)
    answer = yield from ask_as(ca, identity, request, records.read_issued)
    return (yield from _enrollment(ca, name, key, options, answer))


def key_of(identity: SigningIdentity) -> SigningKey:
    """Return the key that an identity has; raises IdentityError unless Fabric takes such a key."""
    public_key = tokens.certificate_of(identity.identity.certificate).public_key
    if not isinstance(public_key, PUBLIC_KEYS):
        raise IdentityError("the identity's certificate has a key that Fabric does not take")
    return SigningKey(public_key, identity.signer)


def _request(
    ca: Authority, name: str, key: SigningKey, options: CertificateOptions, *, again: bool
) -> Flow[requests.Request]:
    to_sign = request_to_sign(name, options.subject, key)
    # There is no certificate yet: the identity stands for its key alone.
    signature = yield from sign(SigningIdentity(Identity(ca.msp_id, b""), key.signer), to_sign)
    return requests.enrollment(
        ca.name,
        signing_request(to_sign, key, signature),
        profile=options.profile,
        label=options.label,
        hosts=options.hosts,
        attributes=options.attributes,
        again=again,
    )


def _enrollment(
    ca: Authority,
    name: str,
    key: SigningKey,
    options: CertificateOptions,
    answer: tuple[bytes, CAInfo],
) -> Flow[Enrollment]:
    certificate, ca_info = answer
    wanted = issued.Wanted(name, key.public_key_info, options)
    checked = issued.checked(
        certificate, ca_info.chain, wanted, trusted=ca.trusted, now=(yield from now())
    )
    return Enrollment(SigningIdentity(Identity(ca.msp_id, checked), key.signer), ca_info)
