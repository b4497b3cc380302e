"""Which certificates are renewed: those that are named, or that end soon, with all that a replaced CA has issued. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from pyfabric.errors import NetworkError
from pyfabric.identity.certificates import issued_by
from pyfabric_network.renewing.holders import (
    AUTHORITIES,
    Certificate,
    Kind,
    Use,
)


def chosen(
    present: Sequence[Certificate],
    *,
    names: Collection[str],
    departments: Mapping[str, Collection[str]],
    within: timedelta | None,
    now: datetime,
) -> tuple[Certificate, ...]:
    """Return the certificates to renew: those of these holders or departments, or that end `within` a time.

    A department (`departments` has the MSP ids of each) means all of its certificates but those of its CAs. A CA brings
    all that chains to it. Raises NetworkError for an unknown name, and for a certificate of a CA that has ended.
    """
    known = {one.holder for one in present}
    for name in names:
        if name not in known and name not in departments:
            raise NetworkError(
                f"nobody named {name} has a certificate on this machine; there are: "
                f"{', '.join((*departments, *dict.fromkeys(one.holder for one in present)))}"
            )
    msp_ids = {msp_id for name in names for msp_id in departments.get(name, ())}
    picked = {
        one.serial
        for one in present
        if one.holder in names
        or (one.organization.msp_id in msp_ids and one.kind not in AUTHORITIES)
        or (within is not None and one.ends - now <= within)
    }
    found = tuple(one for one in present if one.serial in _with_issued(present, picked))
    _refuse_ended(present, found, now)
    return found


def issuer(certificate: Certificate, present: Iterable[Certificate]) -> Certificate | None:
    """Return the CA of the organisation that has issued a certificate; None for a root, or a CA that is gone."""
    for one in present:
        if (
            one.use is Use.ISSUING
            and one is not certificate
            and one.organization.msp_id == certificate.organization.msp_id
            and issued_by(certificate.content, one.content)
        ):
            return one
    return None


def next_issuer(certificate: Certificate, present: Iterable[Certificate]) -> Certificate | None:
    """Return the CA that would issue the certificate's successor; None for what is its own root."""
    if certificate.kind is Kind.CLIENT:
        return None
    kinds: Mapping[object, Kind] = {Use.IDENTITY: Kind.CA, Use.TLS: Kind.TLS_CA}
    wanted = kinds.get(certificate.use)
    if wanted is None and certificate.kind is Kind.CA:
        wanted = Kind.ROOT_CA
    return next(
        (
            one
            for one in present
            if one.kind is wanted and one.organization.msp_id == certificate.organization.msp_id
        ),
        None,
    )


def _with_issued(present: Sequence[Certificate], picked: Collection[str]) -> set[str]:
    """Return these serial numbers, and those of all that chains to the CAs among them."""
    found = set(picked)
    for one in present:  # CAs come first, a root before the CA below it
        above = issuer(one, present)
        if above is not None and above.serial in found:
            found.add(one.serial)
    return found


def _refuse_ended(
    present: Sequence[Certificate], found: Sequence[Certificate], now: datetime
) -> None:
    """Raise NetworkError for a certificate whose CA has ended, and stays."""
    renewed = {one.serial for one in found}
    for one in found:
        above = next_issuer(one, present)
        if above is None or above.serial in renewed:
            continue
        if above.ends <= now:
            raise NetworkError(
                f"{one.holder} is not renewed: {above.holder}, its CA, ended on {above.ends:%Y-%m-%d}: renew "
                f"{above.holder} first"
            )
