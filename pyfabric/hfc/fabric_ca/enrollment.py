"""An enrolment: a certificate and its key, and through the service that issued it what its holder may ask of the CA."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final, Protocol

from pyfabric.identity.keys import PrivateKey

reasons: Final = tuple(
    enumerate(
        (
            "unspecified",
            "keycompromise",
            "cacompromise",
            "affiliationchange",
            "superseded",
            "cessationofoperation",
            "certificatehold",
            "removefromcrl",
            "privilegewithdrawn",
            "aacompromise",
        ),
        start=1,
    )
)
"""The reasons for which a certificate is revoked."""

Attributes = Sequence[Mapping[str, Any]]


class Registrar(Protocol):
    """What an enrolment asks of the service that issued it."""

    def register(
        self,
        enrollmentID: str,
        enrollmentSecret: str | None,
        role: str | None,
        affiliation: str,
        maxEnrollments: int,
        attrs: Attributes | None,
        registrar: "Enrollment",
    ) -> str: ...

    def revoke(
        self,
        enrollmentID: str | None,
        aki: str | None,
        serial: str | None,
        reason: str | None,
        gencrl: bool,
        registrar: "Enrollment",
    ) -> tuple[Any, Any]: ...

    def generateCRL(
        self,
        revokedBefore: str | None,
        revokedAfter: str | None,
        expireBefore: str | None,
        expireAfter: str | None,
        registrar: "Enrollment",
    ) -> str: ...


class Enrollment:
    """A certificate with its private key."""

    private_key: PrivateKey | None = None
    """The key; None for a request of one's own."""
    cert: bytes = b""
    """The certificate (PEM)."""
    caCert: bytes | None = None
    """The chain of the CA that issued it (PEM)."""

    def __init__(
        self,
        private_key: PrivateKey | None,
        enrollmentCert: bytes,
        caCertChain: bytes | None = None,
        service: Registrar | None = None,
    ) -> None:
        self.private_key = private_key
        self.cert = enrollmentCert
        self.caCert = caCertChain
        self._service = service

    def get_attrs(self) -> str:
        """Return the certificate as text, never the key."""
        return f"cert={self.cert!r}"

    def __str__(self) -> str:
        return f"[{type(self).__name__}:{self.get_attrs()}]"

    def register(
        self,
        enrollmentID: str,
        enrollmentSecret: str | None = None,
        role: str | None = None,
        affiliation: str | None = None,
        maxEnrollments: int = 1,
        attrs: Attributes | None = None,
    ) -> str:
        """Register a name at the CA, and return the secret for its enrolment. Raises ValueError."""
        return self._registrar.register(
            enrollmentID, enrollmentSecret, role, affiliation or "", maxEnrollments, attrs, self
        )

    def revoke(
        self,
        enrollmentID: str | None = None,
        aki: str | None = None,
        serial: str | None = None,
        reason: str | None = None,
        gencrl: bool = False,
    ) -> tuple[Any, Any]:
        """Revoke a name, or one certificate by its authority's key id and serial number; return what was revoked, and a CRL.

        Raises ValueError.
        """
        if not enrollmentID and not (aki and serial):
            raise ValueError(
                "name whom to revoke: enrollmentID, or aki and serial of a certificate"
            )
        if reason and reason not in dict(reasons).values():
            raise ValueError(f"reason must be one of {', '.join(dict(reasons).values())}")
        return self._registrar.revoke(enrollmentID, aki, serial, reason, gencrl, self)

    def generateCRL(
        self,
        revokedBefore: date | None = None,
        revokedAfter: date | None = None,
        expireBefore: date | None = None,
        expireAfter: date | None = None,
    ) -> str:
        """Return a CRL of the CA (base64), of what was revoked or expires in a time. Raises ValueError."""
        before, after = _moment(revokedBefore), _moment(revokedAfter)
        if before and after and after > before:
            raise ValueError("revokedAfter must not be later than revokedBefore")
        times = (before, after, _moment(expireBefore), _moment(expireAfter))
        written = [one.isoformat() if one else None for one in times]
        return self._registrar.generateCRL(written[0], written[1], written[2], written[3], self)

    @property
    def _registrar(self) -> Registrar:
        if self._service is None:
            raise ValueError("this enrolment knows no CA: enroll with a CAService first")
        return self._service


def _moment(given: date | None) -> datetime | None:
    """Return a time with its zone; one without a zone is in UTC, a date its beginning."""
    if given is None:
        return None
    moment = given if isinstance(given, datetime) else datetime.combine(given, time())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
