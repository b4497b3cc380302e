"""The identities of a CA. The caller needs the attribute hf.Registrar.Roles; answers are as the CA writes them."""

from typing import Any

from pyfabric.hfc.fabric_ca._contents import (
    Answering,
    Json,
    place,
    registration,
    with_query,
    without_empty,
)
from pyfabric.hfc.fabric_ca.enrollment import Attributes, Enrollment

__all__ = ["IdentityService"]

_ALL = "identities"


class IdentityService:
    """Identities by name, with or without certificates."""

    def __init__(self, client: Answering) -> None:
        self._client = client

    def create(
        self,
        registrar: Enrollment,
        enrollmentID: str,
        enrollmentSecret: str | None = None,
        role: str | None = None,
        affiliation: str | None = None,
        maxEnrollments: int = 1,
        attrs: Attributes | None = None,
    ) -> str:
        """Add an identity, and return the secret for its enrolment. Raises ValueError when the CA refuses."""
        content = registration(
            enrollmentID, enrollmentSecret, role, affiliation, maxEnrollments, attrs
        )
        answer = self._client.whole_answer("POST", _ALL, content, registrar)
        if not answer["success"]:
            raise ValueError(f"the CA refuses the identity {enrollmentID}: {answer['errors']}")
        secret: str = answer["result"]["secret"]
        return secret

    def getOne(self, enrollmentID: str, registrar: Enrollment) -> Json:
        """Return one identity."""
        path = with_query(_one(enrollmentID), {"ca": self._client.ca_name})
        return self._client.whole_answer("GET", path, None, registrar)

    def getAll(self, registrar: Enrollment) -> Json:
        """Return the identities that the caller may manage."""
        path = with_query(_ALL, {"ca": self._client.ca_name})
        return self._client.whole_answer("GET", path, None, registrar)

    def delete(self, enrollmentID: str, registrar: Enrollment, force: bool = False) -> Json:
        """Remove an identity; `force` for one's own. The server must allow it; its certificates stay valid."""
        path = with_query(_one(enrollmentID), {"force": "true" if force else ""})
        return self._client.whole_answer("DELETE", path, None, registrar)

    def update(
        self,
        enrollmentID: str,
        registrar: Enrollment,
        type: str | None = None,
        affiliation: str | None = None,
        maxEnrollments: int | None = None,
        attrs: Attributes | None = None,
        enrollmentSecret: str | None = None,
        caname: str | None = None,
    ) -> Json:
        """Change what is given of an identity."""
        content: dict[str, Any] = without_empty(
            type=type,
            affiliation=affiliation,
            attrs=attrs,
            secret=enrollmentSecret,
            caname=caname,
        )
        if maxEnrollments is not None:
            content["max_enrollments"] = maxEnrollments
        return self._client.whole_answer("PUT", _one(enrollmentID), content, registrar)


def _one(name: str) -> str:
    return place(_ALL, name, "identity")
