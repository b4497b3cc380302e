"""The certificates that a CA issued; answers are as the CA writes them."""

from pyfabric.hfc.fabric_ca._contents import Answering, Json, with_query
from pyfabric.hfc.fabric_ca.enrollment import Enrollment

__all__ = ["CertificateService"]


class CertificateService:
    """Certificates: one's own, and as a registrar or revoker those of others."""

    def __init__(self, client: Answering) -> None:
        self.client = client

    def getCertificates(
        self,
        registrar: Enrollment,
        id: str | None = None,
        aki: str | None = None,
        serial: str | None = None,
        revoked_start: str | None = None,
        revoked_end: str | None = None,
        expired_start: str | None = None,
        expired_end: str | None = None,
        notexpired: bool | None = None,
        notrevoked: bool | None = None,
        ca: str | None = None,
    ) -> Json:
        """Return the certificates that meet all conditions; times are RFC 3339 or durations such as -30d."""
        query = {
            "id": id,
            "aki": aki,
            "serial": serial,
            "revoked_start": revoked_start,
            "revoked_end": revoked_end,
            "expired_start": expired_start,
            "expired_end": expired_end,
            "notexpired": "true" if notexpired else None,
            "notrevoked": "true" if notrevoked else None,
            "ca": ca,
        }
        path = with_query("certificates", {name: value or "" for name, value in query.items()})
        return self.client.whole_answer("GET", path, None, registrar)
