"""What a CA publishes: its own certificates, and what it has revoked."""

from pyfabric.ca import issued, records, requests
from pyfabric.ca.authority import Authority, ask, ask_as
from pyfabric.ca.records import CAInfo, Revocation
from pyfabric.ca.requests import Request
from pyfabric.client.effects import Flow
from pyfabric.errors import DecodeError
from pyfabric.identity.signing import SigningIdentity


def info(ca: Authority) -> Flow[CAInfo]:
    """Return the CA's name, chain and release."""
    found = CAInfo.read((yield from ask(ca, requests.info(ca.name))))
    try:
        issued.read_chain(found.chain)
    except DecodeError as error:
        raise DecodeError(f"the CA's answer is invalid: its chain: {error}") from error
    return found


def crl(ca: Authority, caller: SigningIdentity, request: Request) -> Flow[bytes]:
    """Return the revocation list (PEM) that a request asks for; raises IdentityError if the CA did not sign it."""
    found = yield from ask_as(ca, caller, request, records.read_crl)
    yield from _check(ca, found)
    return found


def revoke(ca: Authority, caller: SigningIdentity, request: Request) -> Flow[Revocation]:
    """Return what a request revoked; raises IdentityError if the CA did not sign the list that comes with it.

    The revocation itself is done then.
    """
    found = yield from ask_as(ca, caller, request, Revocation.read)
    if found.crl:
        yield from _check(ca, found.crl)
    return found


def _check(ca: Authority, crl: bytes) -> Flow[None]:
    chain = (yield from info(ca)).chain
    issued.check_revocation_list(crl, chain, trusted=ca.trusted)
