"""Checks of a public definition that was received, before it represents its department."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from ipaddress import ip_address
from itertools import combinations
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import verification
from pydantic import ValidationError

from pyfabric.errors import ConfigError, IdentityError
from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.msp import MSP
from pyfabric.identity.units import Role
from pyfabric_network.members.public import Location, OrderingDefinition, PublicDefinition
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.plan import Plan
from pyfabric_network.topology.spec import PORTS_PER_DEPARTMENT

_PEM_LABEL = re.compile(r"-----BEGIN ([^-]*)-----")
_PUBLIC_LABELS = ("CERTIFICATE", "X509 CRL")


def read_public_definition(file: Path) -> PublicDefinition:
    """Read a file; ConfigError if it holds anything secret, or anything but a definition."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: is not UTF-8 text") from error
    _refuse_secrets(text, file)
    try:
        definition = PublicDefinition.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(str(part) for part in fault["loc"])
        raise ConfigError(
            f"{file}: {key or 'is no public definition'}: {fault['msg'].lower()}"
        ) from error

    _refuse_secrets(definition.to_bytes().decode(), file)  # escapes of JSON hid nothing
    return definition


def _refuse_secrets(text: str, file: Path) -> None:
    for label in _PEM_LABEL.findall(text):
        if label not in _PUBLIC_LABELS:
            raise ConfigError(
                f"{file}: holds a {label}, and only certificates and revocation lists may leave a "
                "department: delete the file wherever it is, and replace a key that was in it"
            )


def check_location(host: str, first_port: int) -> None:
    """Raise ConfigError unless nodes can be there."""
    try:
        Location(host=host, first_port=first_port)
    except ValidationError as error:
        fault = error.errors()[0]
        raise ConfigError(f"{fault['loc'][0]}: {fault['ctx']['error']}") from error


def check_public_definition(definition: PublicDefinition, plan: Plan, *, now: datetime) -> None:
    """Raise ConfigError unless the definition fits its department in the topology."""
    name = definition.department
    if definition.network != plan.name:
        raise ConfigError(
            f"{name}: is for the network {definition.network}, this one is {plan.name}"
        )
    if name not in plan.departments:
        known = ", ".join(plan.departments)
        raise ConfigError(f"{name}: no such department in {plan.name}; there are: {known}")
    department = plan.departments[name]
    if (definition.msp is not None) != bool(department.peers):
        raise ConfigError(
            f"{name}: {_has(definition.msp)} an MSP for peers, and the topology gives it "
            f"{len(department.peers)} peers"
        )
    if (definition.ordering is not None) != bool(department.orderers):
        raise ConfigError(
            f"{name}: {_has(definition.ordering)} an MSP for orderers, and the topology gives it "
            f"{len(department.orderers)} orderers"
        )
    if definition.msp is not None:
        _check_msp(definition.msp, department, now)
    if definition.ordering is not None and department.ordering is not None:
        msp = _check_msp(definition.ordering.msp, department.ordering, now, "orderer")
        _check_orderers(definition.ordering, definition.host, department.ordering, msp, now)


def check_clashes(definitions: Sequence[PublicDefinition]) -> None:
    """Raise ConfigError if two departments share a port of a host, or two MSPs a CA for identities.

    Nor do the two MSPs of one department: its peers would be taken for its orderers, or the reverse.
    """
    for one, other in combinations(definitions, 2):
        distance = abs(one.first_port - other.first_port)
        if _subject(one.host) == _subject(other.host) and distance < PORTS_PER_DEPARTMENT:
            raise ConfigError(
                f"{other.department}: {one.host} has the ports of {one.department} from {one.first_port} "
                f"on; each department needs {PORTS_PER_DEPARTMENT} of its own"
            )
    owned = [(one.department, msp) for one in definitions for msp in one.msps()]
    for (owner, first), (name, second) in combinations(owned, 2):
        if _keys(first, owner) & _keys(second, name):
            whose = f"that of {owner}" if owner != name else "the same for peers and orderers"
            raise ConfigError(f"{name}: its CA is {whose}: each could speak for the other")


def _has(part: object) -> str:
    return "lacks" if part is None else "has"


def _check_msp(
    definition: MSPDefinition, organization: Organization, now: datetime, *roles: str
) -> MSP:
    """Return the MSP of an organisation; ConfigError unless it has what channels need, these roles too."""
    name = organization.name
    if definition.msp_id != organization.msp_id:
        raise ConfigError(
            f"{name}: its MSP id is {definition.msp_id}, and {organization.msp_id} in the topology"
        )
    with _naming(f"{name}: MSP"):
        msp = MSP(definition)
    _check_units(definition, name, ["admin", "client", "peer", *roles])
    _check_authorities(definition, name, now)
    return msp


def _check_units(definition: MSPDefinition, name: str, wanted: Sequence[str]) -> None:
    """Raise ConfigError unless NodeOUs give all roles that the policies of channels name."""
    units = definition.node_units
    found = units.by_role() if units is not None and units.enabled else {}
    missing = [role for role in wanted if role not in found]
    if missing:
        raise ConfigError(
            f"{name}: MSP: config.yaml names no OU for the role {missing[0]}: channels need "
            f"NodeOUs for {', '.join(wanted)}"
        )


def _check_authorities(msp: MSPDefinition, name: str, now: datetime) -> None:
    if not msp.tls_root_certificates:
        raise ConfigError(f"{name}: MSP: has no certificate of a TLS CA")
    for certificate in (
        *msp.root_certificates,
        *msp.intermediate_certificates,
        *msp.tls_root_certificates,
        *msp.tls_intermediate_certificates,
    ):
        _check_dates(certificate, name, "a CA certificate", now)


def _check_orderers(
    definition: OrderingDefinition, host: str, ordering: Organization, msp: MSP, now: datetime
) -> None:
    wanted, given = {node.name for node in ordering.nodes}, set(definition.orderers)
    if wanted != given:
        said = [f"lacks {name}" for name in sorted(wanted - given)]
        said += [f"has {name}, which the topology has not" for name in sorted(given - wanted)]
        raise ConfigError(f"{ordering.name}: orderers: {said[0]}")
    for node in ordering.nodes:
        certificates = definition.orderers[node.name]
        with _naming(f"{node.name}: identity"):
            identity = msp.identity(certificates.identity)
            identity.validate()
            msp.rules.check_role(identity.units, Role.ORDERER)
        _check_dates(certificates.identity, node.name, "the identity", now)
        _check_tls(definition, host, node, now)


def _check_tls(definition: OrderingDefinition, host: str, node: Node, now: datetime) -> None:
    """Raise ConfigError unless other orderers will accept the orderer's TLS certificate at this host."""
    msp = definition.msp
    try:
        own, *chain = x509.load_pem_x509_certificates(definition.orderers[node.name].tls)
        roots = [load_certificate(root) for root in msp.tls_root_certificates]
        chain += [load_certificate(above) for above in msp.tls_intermediate_certificates]
        builder = verification.PolicyBuilder().store(verification.Store(roots)).time(now)
        builder.build_server_verifier(_subject(host)).verify(own, chain)
    except (ValueError, verification.VerificationError) as error:
        raise ConfigError(
            f"{node.name}: the TLS certificate is not one of the department's TLS CA for {host}: {error}"
        ) from error


def _subject(host: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host.rstrip(".").lower())


def _keys(msp: MSPDefinition, department: str) -> set[bytes]:
    """Return the public keys of an MSP's CAs for identities: who has one can issue for it.

    Keys, since one CA can have many certificates, and one certificate many texts.
    """
    with _naming(f"{department}: MSP"):
        return {
            load_certificate(each)
            .public_key()
            .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            for each in (*msp.root_certificates, *msp.intermediate_certificates)
        }


def _check_dates(certificate_pem: bytes, owner: str, what: str, now: datetime) -> None:
    certificate = load_certificate(certificate_pem)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise ConfigError(
            f"{owner}: {what} is good from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} to "
            f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC, and it is {now:%Y-%m-%d %H:%M}"
        )


@contextmanager
def _naming(what: str) -> Iterator[None]:
    try:
        yield
    except IdentityError as error:
        raise ConfigError(f"{what}: {error}") from error
