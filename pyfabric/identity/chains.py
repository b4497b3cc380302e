"""Paths from a certificate to a root, found and judged as Fabric does it (Go's crypto/x509 rules).

An identity is judged one second after its certificate's own NotBefore, so that a verdict never changes; a
node's TLS certificate is judged at a given time.
Left out, and refused: name constraints, policy mappings and policy constraints in a CA certificate.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from pyfabric.errors import IdentityError
from pyfabric.identity.extensions import NAME_CONSTRAINTS, POLICY_CONSTRAINTS, POLICY_MAPPINGS
from pyfabric.identity.names import ORGANIZATION
from pyfabric.identity.parsing import Certificate
from pyfabric.identity.sealing import check_issued_by

Chain: TypeAlias = tuple[Certificate, ...]

_SERVER_AUTH: Final = "1.3.6.1.5.5.7.3.1"
_CLIENT_AUTH: Final = "1.3.6.1.5.5.7.3.2"
_ANY_USAGE: Final = "2.5.29.37.0"
_REFUSED_EXTENSIONS: Final = {
    NAME_CONSTRAINTS: "name constraints",
    POLICY_MAPPINGS: "policy mappings",
    POLICY_CONSTRAINTS: "policy constraints",
}
_MAX_SIGNATURE_CHECKS: Final = 100


class Pool:
    """CA certificates that a path may use, each once."""

    def __init__(self, certificates: Iterable[Certificate]) -> None:
        self._by_raw = {certificate.raw: certificate for certificate in certificates}

    def __contains__(self, certificate: Certificate) -> bool:
        return certificate.raw in self._by_raw

    def possible_issuers(self, certificate: Certificate) -> list[Certificate]:
        """Return those with the issuer's name, the best match of key identifiers first."""

        def mismatch(candidate: Certificate) -> int:
            if candidate.subject_key_id == certificate.authority_key_id:
                return 0
            return 2 if candidate.subject_key_id and certificate.authority_key_id else 1

        named = (c for c in self._by_raw.values() if c.subject.raw == certificate.issuer.raw)
        return sorted(named, key=mismatch)


def unique_chain(certificate: Certificate, roots: Pool, intermediates: Pool) -> Chain:
    """Return the only path to a root, from the certificate up; a root itself is a path of one.

    Raises IdentityError, with Fabric's text, if there is no path or more than one.
    """
    try:
        moment = certificate.not_before + timedelta(seconds=1)
        chains = _Search(certificate, roots, intermediates, moment).chains()
    except IdentityError as error:
        raise IdentityError(f"the supplied identity is not valid: {error}") from error
    if len(chains) != 1:
        raise IdentityError(f"this MSP only supports a single validation chain, got {len(chains)}")
    return chains[0]


def check_node_certificate(
    certificate: Certificate,
    roots: Pool,
    intermediates: Pool,
    now: datetime,
    *,
    may_be_expired: bool,
) -> None:
    """Raise IdentityError unless the TLS certificate of a node leads to a root at this time.

    It must be good for servers or for clients. One that has expired leads anywhere with `may_be_expired`,
    as in Fabric.
    """
    try:
        _Search(certificate, roots, intermediates, now, (_SERVER_AUTH, _CLIENT_AUTH)).chains()
    except ExpiredError:
        if not may_be_expired:
            raise


def check_valid(certificate: Certificate, roots: Pool, intermediates: Pool, now: datetime) -> None:
    """Raise IdentityError unless a certificate of any usage leads to a root at this time."""
    _Search(certificate, roots, intermediates, now, (_ANY_USAGE,)).chains()


class ExpiredError(IdentityError):
    """A certificate is not valid at the time in question."""


class _Search:
    """One search for all paths from a certificate (Certificate.Verify in Go)."""

    def __init__(
        self,
        certificate: Certificate,
        roots: Pool,
        intermediates: Pool,
        now: datetime,
        usages: tuple[str, ...] = (_SERVER_AUTH,),
    ) -> None:
        self._certificate = certificate
        self._roots = roots
        self._intermediates = intermediates
        self._now = now
        self._usages = usages
        self._checks = 0

    def chains(self) -> list[Chain]:
        """Return every acceptable path; raises IdentityError if there is none."""
        _check_standing(self._certificate, (), self._now, intermediate=False)
        alone: Chain = (self._certificate,)
        found = [alone] if self._certificate in self._roots else self._extend(alone)
        usable = [chain for chain in found if _may_be_used(chain, self._usages)]
        if not usable:
            raise IdentityError("x509: certificate specifies an incompatible key usage")
        for chain in usable:
            _refuse_unsupported(chain)
        return usable

    def _extend(self, chain: Chain) -> list[Chain]:
        # The error that counts is the last candidate's, as in Go; a wrong signature is but a hint.
        found: list[Chain] = []
        problem: IdentityError | None = None
        hint = ""
        for candidate, is_root in self._candidates(chain):
            try:
                check_issued_by(chain[-1], candidate)
            except IdentityError as error:
                hint = hint or _hint(str(error), candidate)
                continue
            try:
                _check_standing(candidate, chain, self._now, intermediate=not is_root)
                longer = (*chain, candidate)
                found += [longer] if is_root else self._extend(longer)
                problem = None
            except IdentityError as error:
                problem = error
        if found:
            return found
        raise problem or IdentityError(f"x509: certificate signed by unknown authority{hint}")

    def _candidates(self, chain: Chain) -> Iterator[tuple[Certificate, bool]]:
        for pool, is_root in ((self._roots, True), (self._intermediates, False)):
            for candidate in pool.possible_issuers(chain[-1]):
                self._checks += 1
                if self._checks > _MAX_SIGNATURE_CHECKS:
                    raise IdentityError(
                        "x509: signature check attempts limit reached "
                        "while verifying certificate chain"
                    )
                if candidate.public_key is not None and not _is_in(candidate, chain):
                    yield candidate, is_root


def _hint(problem: str, candidate: Certificate) -> str:
    name = (
        candidate.subject.common_name
        or (candidate.subject.values(ORGANIZATION) or [""])[0]
        or f"serial:{candidate.serial}"
    )
    return (
        f' (possibly because of "{problem}" '
        f'while trying to verify candidate authority certificate "{name}")'
    )


def _is_in(candidate: Certificate, chain: Chain) -> bool:
    """Return whether the chain already holds this subject with this key, under the same other names."""
    for member in chain:
        if (member.subject.raw, member.public_key_info) == (
            candidate.subject.raw,
            candidate.public_key_info,
        ):
            return member.alternative_names == candidate.alternative_names
    return False


def _check_standing(
    certificate: Certificate, below: Chain, now: datetime, *, intermediate: bool
) -> None:
    """Raise IdentityError unless the certificate may stand above the chain `below` at `now`."""
    if certificate.has_unhandled_critical_extension:
        raise IdentityError("x509: unhandled critical extension")
    if now < certificate.not_before or now > certificate.not_after:
        early = now < certificate.not_before
        limit = certificate.not_before if early else certificate.not_after
        raise ExpiredError(
            "x509: certificate has expired or is not yet valid: current time "
            f"{_rfc3339(now)} is {'before' if early else 'after'} {_rfc3339(limit)}"
        )
    if intermediate and not certificate.is_ca:
        raise IdentityError("x509: certificate is not authorized to sign other certificates")
    constraints = certificate.basic_constraints
    if constraints is None or constraints.path_length is None:
        return
    if len(below) - 1 > constraints.path_length:
        raise IdentityError("x509: too many intermediates for path length constraint")


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _may_be_used(chain: Chain, usages: tuple[str, ...]) -> bool:
    """Return whether every certificate that limits its uses allows one and the same of these.

    For an identity Fabric asks for no particular use, and Go then takes server authentication.
    """
    return _ANY_USAGE in usages or any(
        all(
            not certificate.extended_key_usages
            or certificate.extended_key_usages & {usage, _ANY_USAGE}
            for certificate in chain
        )
        for usage in usages
    )


def _refuse_unsupported(chain: Chain) -> None:
    for certificate in chain[1:]:
        for type_, name in _REFUSED_EXTENSIONS.items():
            if type_ in certificate.extensions:
                raise IdentityError(
                    f"{name} are not supported (in the certificate of {certificate.subject.go_text})"
                )
