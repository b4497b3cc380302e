"""DID documents (W3C DID Core 1.0) and what resolving one returns, made of the versions on the ledger."""

from collections.abc import Sequence
from typing import Any, Final, get_args

from pyfabric_municipal.identity.records import Did, Purpose, Version

CONTEXT: Final = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")


def document(did: str, version: Version) -> dict[str, Any]:
    """Return a version of a DID's document."""
    found: dict[str, Any] = {"@context": list(CONTEXT), "id": did}
    if not version.keys:
        return found
    found["verificationMethod"] = [
        {
            "id": f"{did}#{key.id}",
            "type": "Multikey",
            "controller": did,
            "publicKeyMultibase": key.multikey,
        }
        for key in version.keys
    ]
    for purpose in get_args(Purpose):
        if keys := [f"{did}#{key.id}" for key in version.keys if purpose in key.purposes]:
            found[purpose] = keys
    if version.services:
        found["service"] = [
            {"id": f"{did}#{one.id}", "type": one.type, "serviceEndpoint": one.endpoint}
            for one in version.services
        ]
    return found


def resolution(did: Did, versions: Sequence[Version], at: str) -> dict[str, Any]:
    """Return the document that a DID had at a time, with the metadata of DID Resolution.

    `error` is `notFound` for a time before the first version.
    """
    ordered = sorted(versions, key=lambda one: one.number)
    known = [one for one in ordered if one.since <= at]
    if not known:
        return {
            "didDocument": None,
            "didResolutionMetadata": {"error": "notFound"},
            "didDocumentMetadata": {},
        }
    found, later = known[-1], ordered[len(known) :]
    metadata = {
        "created": ordered[0].since,
        "updated": found.since,
        "versionId": str(found.number),
        "deactivated": not found.keys,
    }
    if later:
        metadata |= {"nextUpdate": later[0].since, "nextVersionId": str(later[0].number)}
    return {
        "didDocument": document(did.id, found),
        "didResolutionMetadata": {"contentType": "application/did"},
        "didDocumentMetadata": metadata,
    }
