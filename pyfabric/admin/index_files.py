"""Index definitions in a chaincode package: which META-INF files `peer` takes, and in which form.

Source: internal/ccmetadata/validators.go of Fabric 3.1.
"""

import json
import re
from typing import Any, Final

from pyfabric.errors import PackageError

_PLACE: Final = re.compile(
    r"META-INF/statedb/couchdb/(collections/[A-Za-z0-9_-]+/)?indexes/.*[.]json"
)
_MEMBERS: Final = {"index", "ddoc", "name", "type"}


def check_index_file(name: str, content: bytes) -> None:
    """Raise PackageError for a file below META-INF that is no index definition of CouchDB, in its place."""
    if not _PLACE.match(name):
        raise PackageError(
            f"{name} is no index definition: META-INF has files such as META-INF/statedb/couchdb/indexes/NAME.json "
            "and META-INF/statedb/couchdb/collections/COLLECTION/indexes/NAME.json alone"
        )
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise PackageError(f"{name} is not a valid JSON: {error}") from error
    problem = _problem(document)
    if problem is not None:
        raise PackageError(f"{name} is not a valid index definition: {problem}")


def _problem(document: Any) -> str | None:
    if not isinstance(document, dict):
        return "it must be an object"
    if others := sorted(document.keys() - _MEMBERS):
        return f"it has the unknown member {others[0]}"
    if any(not isinstance(document.get(key, ""), str) for key in ("ddoc", "name")):
        return "ddoc and name must be texts"
    if document.get("type", "json") != "json":
        return "its type must be json"
    index = document.get("index")
    if not isinstance(index, dict) or not index.keys() <= {"fields", "partial_filter_selector"}:
        return "it needs an index with fields, and with a partial_filter_selector at most"
    fields = index.get("fields", [])
    if not isinstance(fields, list) or not all(map(_is_field, fields)):
        return 'fields must be a list of names, or of {name: "asc"} and {name: "desc"}'
    return None


def _is_field(field: Any) -> bool:
    if isinstance(field, dict):
        return all(
            isinstance(one, str) and one.lower() in ("asc", "desc") for one in field.values()
        )
    return isinstance(field, str)
