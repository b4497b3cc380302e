"""The words of DCAT 3 and of the vocabularies beside it, as a catalogue uses them.

This project's own terms have the prefix `gds:`: what DCAT has no word for, such as the duty of a resource.
"""

from typing import Final

from pyfabric_municipal.directory.description import UpdateCycle

PREFIXES: Final = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "freq": "http://purl.org/cld/freq/",
    "gds": "urn:gds:terms#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
FREQUENCIES: Final = {
    UpdateCycle.REAL_TIME: "freq:continuous",
    UpdateCycle.DAILY: "freq:daily",
    UpdateCycle.WEEKLY: "freq:weekly",
    UpdateCycle.MONTHLY: "freq:monthly",
    UpdateCycle.QUARTERLY: "freq:quarterly",
    UpdateCycle.YEARLY: "freq:annual",
}
USCC: Final = "urn:gds:uscc:"
REGION: Final = "urn:gds:region:"
RESOURCE: Final = "urn:gds:resource:"
THEME: Final = "urn:gds:theme:"
TELEPHONE: Final = "tel:"
SHA256: Final = "spdx:checksumAlgorithm_sha256"
INTERFACE: Final = "interface"
"""The format of a distribution that is a service (dcat:DataService); tables and files are parts of a system."""
CHINESE: Final = "zh"
ENGLISH: Final = "en"


def iri(compact: str) -> str:
    """Return the IRI that a compact one stands for: `dct:title` is http://purl.org/dc/terms/title."""
    prefix, _, rest = compact.partition(":")
    return PREFIXES[prefix] + rest


def compact(full: str) -> str:
    """Return an IRI in its compact form if it has one of the prefixes, for messages."""
    for prefix, start in PREFIXES.items():
        if full.startswith(start):
            return f"{prefix}:{full.removeprefix(start)}"
    return full
