"""The client of Fabric CA, without I/O: requests, tokens, answers and what a CA keeps.

`pyfabric.gateway.CertificateAuthority` and `pyfabric.aio.CertificateAuthority` use it.
"""

from typing import TYPE_CHECKING

from pyfabric._lazy import lazily

if TYPE_CHECKING:
    from pyfabric.ca.codes import CAErrorCode
    from pyfabric.ca.enrolling import Enrollment
    from pyfabric.ca.options import CertificateOptions, SubjectNames
    from pyfabric.ca.records import (
        Affiliation,
        Attribute,
        AttributeRequest,
        CAInfo,
        RegisteredIdentity,
        Revocation,
        RevokedCertificate,
    )
    from pyfabric.ca.signing_requests import SigningKey
else:
    __getattr__ = lazily(
        __name__,
        {
            "pyfabric.ca.codes": ["CAErrorCode"],
            "pyfabric.ca.enrolling": ["Enrollment"],
            "pyfabric.ca.options": ["CertificateOptions", "SubjectNames"],
            "pyfabric.ca.records": [
                "Affiliation",
                "Attribute",
                "AttributeRequest",
                "CAInfo",
                "RegisteredIdentity",
                "Revocation",
                "RevokedCertificate",
            ],
            "pyfabric.ca.signing_requests": ["SigningKey"],
        },
    )

__all__ = [
    "Affiliation",
    "Attribute",
    "AttributeRequest",
    "CAErrorCode",
    "CAInfo",
    "CertificateOptions",
    "Enrollment",
    "RegisteredIdentity",
    "Revocation",
    "RevokedCertificate",
    "SigningKey",
    "SubjectNames",
]
