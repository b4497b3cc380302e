"""Judgements about certificates: their end, whether channels accept them, and lists of revoked ones."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from pyfabric.errors import IdentityError
from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.pem import split
from pyfabric.identity.revocation import read_revocation_list, revoked
from pyfabric_network.diagnosis.facts import CertificateFacts, Facts
from pyfabric_network.diagnosis.findings import Finding, Unmade

SOON: Final = timedelta(days=30)


def expiry(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find certificates and revocation lists that have expired, or will within 30 days."""
    now = facts.now
    for one in _certificates(facts):
        ends = _ends(one)
        if ends is None:
            yield Finding(one.what, one.msp_id, f"cannot be read: {one.place}")
        elif ends - now < SOON:
            yield Finding(one.what, one.msp_id, f"{_ending(ends, now)}: {one.place}")
    for channel, config in facts.configs.items():
        for msp_id, msp in config.msp_manager.msps.items():
            for content in msp.definition.revocation_lists:
                due = read_revocation_list(content).next_update
                if due is not None and due - now < SOON:
                    yield Finding(
                        f"the revocation list of {facts.title(msp_id)}",
                        msp_id,
                        f"{_ending(due, now)}: the configuration of {channel}",
                    )


def identities(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find identities that a channel of their department does not accept: revoked, or of another CA."""
    for one in (one for view in facts.views for one in view.certificates if one.identity):
        for channel, config in facts.configs.items():
            msp = config.msp_manager.msps.get(one.msp_id)
            if msp is None:
                continue
            try:
                msp.identity(one.certificate).validate()
            except IdentityError as error:
                yield Finding(one.what, one.msp_id, f"{channel} does not accept it: {error}")


def revocations(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find lists of revoked certificates that a department has and a channel has not."""
    for one in (one for view in facts.views for one in view.revocations):
        subject = f"the revocation list of {facts.title(one.msp_id)}"
        try:
            taken_back = revoked([one.content])
        except IdentityError:
            yield Finding(subject, one.msp_id, f"cannot be read: {one.place}")
            continue
        for channel, config in facts.configs.items():
            msp = config.msp_manager.msps.get(one.msp_id)
            if msp is None:
                continue
            missing = taken_back - revoked(msp.definition.revocation_lists)
            if missing:
                yield Finding(
                    subject,
                    one.msp_id,
                    f"{channel} still accepts {len(missing)} of its certificates: {one.place}",
                )


def _certificates(facts: Facts) -> Iterator[CertificateFacts]:
    """Yield those of the departments, those in channels' configurations, and those that nodes and CA servers show."""
    seen: set[bytes] = set()
    for view in facts.views:
        for one in view.certificates:
            seen.add(one.certificate.strip())
            yield one
    for one in (*_configured(facts), *_shown(facts), *_sent(facts)):
        if one.certificate.strip() not in seen:
            seen.add(one.certificate.strip())
            yield one


def _configured(facts: Facts) -> Iterator[CertificateFacts]:
    for channel, config in facts.configs.items():
        place = f"the configuration of {channel}"
        for consenter in config.consenters:
            name = f"{consenter.host}:{consenter.port}"
            for what, pem in (
                ("TLS server certificate", consenter.server_tls_certificate),
                ("TLS client certificate", consenter.client_tls_certificate),
                ("certificate", consenter.identity),
            ):
                if pem:
                    yield CertificateFacts(
                        f"the {what} of the consenter {name}", consenter.msp_id, place, pem
                    )
        for msp_id, msp in config.msp_manager.msps.items():
            definition = msp.definition
            for what, pems in (
                ("CA", (*definition.root_certificates, *definition.intermediate_certificates)),
                (
                    "TLS CA",
                    (*definition.tls_root_certificates, *definition.tls_intermediate_certificates),
                ),
                ("administrator", definition.admin_certificates),
            ):
                for pem in pems:
                    yield CertificateFacts(
                        f"the certificate of a {what} of {facts.title(msp_id)}", msp_id, place, pem
                    )


def _shown(facts: Facts) -> Iterator[CertificateFacts]:
    for node in facts.nodes():
        if node.probe.certificate:
            yield CertificateFacts(
                f"the TLS certificate of {node.name}",
                node.msp_id,
                f"shown at {node.outside}",
                node.probe.certificate,
            )


def _sent(facts: Facts) -> Iterator[CertificateFacts]:
    for authority in (one for view in facts.views for one in view.authorities):
        for certificate in split(authority.chain):
            yield CertificateFacts(
                f"the certificate of {authority.name}, or of a CA above it",
                authority.msp_id,
                f"sent by {authority.address}",
                certificate,
            )


def _ends(one: CertificateFacts) -> datetime | None:
    try:
        return load_certificate(one.certificate).not_valid_after_utc
    except IdentityError:
        return None


def _ending(ends: datetime, now: datetime) -> str:
    verb = "expired" if ends <= now else "expires"
    return f"{verb} on {ends:%Y-%m-%d %H:%M} UTC"
