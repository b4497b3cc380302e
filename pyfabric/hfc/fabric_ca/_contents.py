"""The contents of requests to a CA, and what a service asks of its client."""

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from pyfabric.hfc.fabric_ca.enrollment import Attributes, Enrollment

Json = dict[str, Any]


class Answering(Protocol):
    """A client of a CA."""

    @property
    def ca_name(self) -> str: ...

    def whole_answer(
        self, verb: str, path: str, content: Json | None, registrar: Enrollment
    ) -> Json: ...


def without_empty(**content: Any) -> Json:
    """Return the members that have a value."""
    return {name: value for name, value in content.items() if value}


def registration(
    name: str,
    secret: str | None,
    role: str | None,
    affiliation: str | None,
    enrollments: int,
    attributes: Attributes | None,
) -> Json:
    """Return what registers an identity. Raises ValueError without a name, or for a number of another type."""
    if not name:
        raise ValueError("enrollmentID is required: the name that is to be registered")
    if not isinstance(enrollments, int):
        raise ValueError(f"maxEnrollments must be a number, not {enrollments!r}")  # noqa: TRY004 - as it was
    return {
        "id": name,
        "affiliation": affiliation or "",
        "max_enrollments": enrollments,
        **without_empty(type=role, attrs=attributes, secret=secret),
    }


def place(path: str, name: object, what: str) -> str:
    """Return the path of one thing at the CA. Raises ValueError for a name that is no text, or that leads elsewhere."""
    if not isinstance(name, str) or not name or "/" in name or name in (".", ".."):
        raise ValueError(f"{name!r} cannot name an {what}")
    return f"{path}/{quote(name, safe='')}"


def with_query(path: str, query: Mapping[str, str]) -> str:
    """Return a path with the parts of a query that have a value."""
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
