"""The contracts of a network: their packages, and the ports at which contract hosts serve them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pyfabric.admin.collections import CollectionConfig
from pyfabric.admin.packages import ChaincodePackage
from pyfabric.errors import NetworkError
from pyfabric_network.topology.places import CONTRACT_PORTS
from pyfabric_network.topology.spec import ContractProcess, ContractService, Topology


@dataclass(frozen=True, slots=True)
class ServedPackage:
    """A package that contract hosts serve, at the contract port of number `slot` (from 0).

    `code` is the digest of the files that they import (see `kept_code`), empty for installed classes, and
    `process` what its process may use.
    """

    contract: str
    label: str
    package_id: str
    classes: tuple[str, ...]
    slot: int
    code: str = ""
    process: ContractProcess = field(default_factory=ContractProcess)


@dataclass(frozen=True)
class ContractPlan:
    """A contract of the topology with its package, which is the same for all departments.

    `version` is the one that departments approve: the topology's, followed by the digest of the code if that
    is beside the topology file. `service` is what contract hosts must serve for it; None if it is served
    elsewhere.
    """

    name: str
    version: str
    spec: ContractService
    collections: tuple[CollectionConfig, ...]
    package: ChaincodePackage
    service: ServedPackage | None


def make_contracts(
    topology: Topology, served: Sequence[ServedPackage], code: Mapping[str, str]
) -> dict[str, ContractPlan]:
    """Work out the contracts; what is `served` already keeps its slot.

    `code` are the digests of contracts' files, of those that are not installed. Raises NetworkError when contract ports run out.
    """
    slots = {item.label: item.slot for item in served}
    plans: dict[str, ContractPlan] = {}
    for name, spec in topology.contracts.items():
        digest, collections = code.get(name, ""), topology.collections(name)
        version = version_of_code(spec.version, digest)
        label = f"{name}_{version}"
        if spec.addresses:
            package = _package(label, elsewhere_key(name))
            plans[name] = ContractPlan(name, version, spec, collections, package, None)
            continue
        if label not in slots:
            slots[label] = _free_slot(label, slots.values())
        package = _package(label, slot_key(slots[label]))
        service = ServedPackage(
            name, label, package.package_id, spec.classes, slots[label], digest, spec.process
        )
        plans[name] = ContractPlan(name, version, spec, collections, package, service)
    return plans


def with_settings(topology: Topology, served: Sequence[ServedPackage]) -> tuple[ServedPackage, ...]:
    """Return what is served with the settings of its process as they are now in the topology."""
    return tuple(
        replace(item, process=topology.contracts[item.contract].process)
        if item.contract in topology.contracts
        else item
        for item in served
    )


def version_of_code(version: str, digest: str) -> str:
    """Return the version that departments approve for code with this digest ("" for installed classes)."""
    return f"{version}+{digest}" if digest else version


def slot_key(slot: int) -> str:
    """Return the template's name for the address of a slot.

    A real peer's builder gets its values when the peer starts, so they are named after slots: no new
    contract or version needs a restart.
    """
    return f"address_{slot}"


def elsewhere_key(contract: str) -> str:
    """Return the template's name for the address of a contract that no contract host serves.

    A template name has no hyphens; no contract's name has two underscores in a row.
    """
    return f"address_of_{contract.replace('-', '__')}"


def _free_slot(label: str, taken: Collection[int]) -> int:
    slot = next((slot for slot in range(CONTRACT_PORTS) if slot not in taken), None)
    if slot is None:
        raise NetworkError(
            f"no port is left for {label}: a department serves at most {CONTRACT_PORTS} packages"
        )
    return slot


def _package(label: str, address_key: str) -> ChaincodePackage:
    """Build a package without addresses or keys: each peer's builder fills in its department's own."""
    connection = {
        "address": f"{{{{.{address_key}}}}}",
        "dial_timeout": "10s",
        "tls_required": True,
        "client_auth_required": True,
        "root_cert": "{{.root_cert}}",
        "client_cert": "{{.client_cert}}",
        "client_key": "{{.client_key}}",
    }
    return ChaincodePackage.build(label, connection)
