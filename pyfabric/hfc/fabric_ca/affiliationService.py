"""The affiliations of a CA. The caller needs the attribute hf.AffiliationMgr; answers are as the CA writes them."""

from pyfabric.hfc.fabric_ca._contents import Answering, Json, place, with_query
from pyfabric.hfc.fabric_ca.enrollment import Enrollment

__all__ = ["AffiliationService"]

_ALL = "affiliations"


class AffiliationService:
    """Affiliations, such as city.tax."""

    def __init__(self, client: Answering) -> None:
        self._client = client

    def create(
        self, registrar: Enrollment, name: str, caname: str = "", force: bool = False
    ) -> Json:
        """Add an affiliation; `force` adds missing ones above it, too."""
        content = {"name": name, "caname": caname}
        return self._client.whole_answer("POST", _forced(_ALL, force), content, registrar)

    def getOne(self, affiliation: str, registrar: Enrollment) -> Json:
        """Return an affiliation with those below it."""
        return self._client.whole_answer("GET", _one(affiliation), None, registrar)

    def getAll(self, registrar: Enrollment) -> Json:
        """Return all affiliations from the caller's own down."""
        return self._client.whole_answer("GET", _ALL, None, registrar)

    def delete(self, affiliation: str, registrar: Enrollment, force: bool = False) -> Json:
        """Remove an affiliation; `force` removes those below it and their identities, too."""
        path = _forced(_one(affiliation), force)
        return self._client.whole_answer("DELETE", path, None, registrar)

    def update(
        self,
        affiliation: str,
        registrar: Enrollment,
        name: str,
        caname: str = "",
        force: bool = False,
    ) -> Json:
        """Rename an affiliation; `force` moves its identities, too."""
        content = {"name": name, **({"caname": caname} if caname else {})}
        path = _forced(_one(affiliation), force)
        return self._client.whole_answer("PUT", path, content, registrar)


def _one(affiliation: str) -> str:
    return place(_ALL, affiliation, "affiliation")


def _forced(path: str, force: bool) -> str:
    return with_query(path, {"force": "true" if force else ""})
