"""What the one who asks for a certificate decides of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pyfabric.ca.records import AttributeRequest


@dataclass(frozen=True, slots=True)
class SubjectNames:
    """What a certificate's subject holds beside the name. The CA adds organisational units of its own."""

    country: str = ""
    state: str = ""
    locality: str = ""
    organization: str = ""
    serial_number: str = ""


@dataclass(frozen=True, slots=True)
class CertificateOptions:
    """What a certificate shall be: its profile, hosts, attributes and the names of its subject.

    `profile` is one of the CA's: "" for identities, `tls`, `ca`, or one of its own. `hosts` are names and addresses.
    Without `attributes` it gets those that were registered with ecert; empty, none. `label` is for a CA whose key is in
    an HSM.
    """

    profile: str = ""
    hosts: Sequence[str] = ()
    attributes: Sequence[AttributeRequest] | None = None
    subject: SubjectNames = field(default_factory=SubjectNames)
    label: str = ""
