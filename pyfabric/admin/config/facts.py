"""What a value of a configuration says, as short texts by name: the words of views and differences.

A value is JSON as configtxlator shows it. A name stays the same for the same thing, so that two sets of
facts can be compared.
"""

from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from pyfabric.admin.config.certificates import describe_certificate, describe_revocation_list
from pyfabric.messages.addresses import join

Facts: TypeAlias = Mapping[str, str]
_Pairs: TypeAlias = Iterable[tuple[str, str]]


def value_facts(key: str, value: Any) -> Facts:
    """Return what the value with that key says. One that cannot be read is one fact."""
    if not isinstance(value, dict):
        return {} if value is None else {"content": str(value)}
    try:
        return dict(_READERS.get(key, _fields)(value))
    except (KeyError, TypeError, ValueError):  # bytes inside that are not what the key promises
        return dict(_fields(value))


def _fields(value: Mapping[str, Any]) -> _Pairs:
    return ((name, str(one)) for name, one in value.items())


def _capabilities(value: Mapping[str, Any]) -> _Pairs:
    return ((name, "") for name in value["capabilities"])


def _acls(value: Mapping[str, Any]) -> _Pairs:
    return ((name, acl["policy_ref"]) for name, acl in value["acls"].items())


def _addresses(value: Mapping[str, Any]) -> _Pairs:
    return ((address, "") for address in value["addresses"])


def _anchors(value: Mapping[str, Any]) -> _Pairs:
    return ((join(one["host"], one["port"]), "") for one in value["anchor_peers"])


def _consensus(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "type", value["type"]
    yield "state", value["state"]
    metadata = value["metadata"] or {}
    if not isinstance(metadata, dict):  # of a consensus type that Fabric does not have
        yield "metadata", metadata
        return
    yield from _consenters(metadata.get("consenters", ()))
    options = metadata if "consenters" not in metadata else metadata["options"] or {}
    yield from ((name, str(one)) for name, one in options.items())


def _orderers(value: Mapping[str, Any]) -> _Pairs:
    return _consenters(value["consenter_mapping"])


def _consenters(consenters: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for one in consenters:
        client, server = one["client_tls_cert"], one["server_tls_cert"]
        parts = [f"TLS {_certificate(server)}"]
        if client != server:
            parts.append(f"client TLS {_certificate(client)}")
        if one.get("identity"):
            parts.append(
                f"number {one['id']}, {one['msp_id']}, identity {_certificate(one['identity'])}"
            )
        yield f"consenter {join(one['host'], one['port'])}", ", ".join(parts)


def _msp(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    config = value["config"]
    yield "MSP id", config["name"]
    for field, what in _CERTIFICATES.items():
        yield from ((f"{what} {_certificate(one)}", "") for one in config[field])
    for one in config["revocation_list"]:
        yield f"revocation list: {describe_revocation_list(b64decode(one))}", ""
    for one in config["organizational_unit_identifiers"]:
        yield f"organizational unit {one['organizational_unit_identifier']}", ""
    units = config["fabric_node_ous"]
    if units and units["enable"]:
        yield from _roles({role: units[f"{role}_ou_identifier"] for role in _ROLES})


def _roles(units: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    found = {role: unit for role, unit in units.items() if unit}
    names = ((role, str(one["organizational_unit_identifier"])) for role, one in found.items())
    yield (
        "roles by OU:",
        ", ".join(role if name == role else f"{role} {name}" for role, name in names),
    )
    certificates = {
        _certificate(one["certificate"]) for one in found.values() if one["certificate"]
    }
    if certificates:
        yield "issued by", ", ".join(sorted(certificates))


def _certificate(text: str) -> str:
    return str(describe_certificate(b64decode(text)))


_ROLES: Final = ("client", "peer", "admin", "orderer")
_CERTIFICATES: Final[Mapping[str, str]] = {
    "root_certs": "root",
    "intermediate_certs": "intermediate",
    "admins": "admin",
    "tls_root_certs": "TLS root",
    "tls_intermediate_certs": "TLS intermediate",
}
_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], _Pairs]]] = {
    "Capabilities": _capabilities,
    "ACLs": _acls,
    "OrdererAddresses": _addresses,
    "Endpoints": _addresses,
    "AnchorPeers": _anchors,
    "ConsensusType": _consensus,
    "Orderers": _orderers,
    "MSP": _msp,
}
