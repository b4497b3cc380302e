"""Which chaincodes of a channel a peer can run: defined, approved by its department, installed.

Source: core/chaincode/lifecycle/cache.go and metadata_manager.go of Fabric 3.1. A package is found by
the hash of its id in the department's collection, so a peer knows it without the private value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from pyfabric.rules.lifecycle.agreed import defined_names
from pyfabric.rules.lifecycle.definitions import (
    LIFECYCLE,
    Definition,
    implicit_collection,
    package_record,
    private_name,
    read_definition,
)
from pyfabric.rules.lifecycle.records import NAMESPACES, SOURCES, field_key, mismatches
from pyfabric.rules.state.versions import StateReader, hashed_namespace


@dataclass(frozen=True, slots=True)
class Chaincode:
    """A defined chaincode as one peer sees it; `package_id` is None unless it is installed."""

    name: str
    definition: Definition
    approved: bool
    package_id: str | None

    @property
    def endorses(self) -> bool:
        """Whether the peer offers itself as an endorser of the chaincode."""
        return self.approved and self.package_id is not None


@dataclass(frozen=True, slots=True)
class CommittedLifecycle:
    """The committed state of `_lifecycle`, for reading definitions."""

    reader: StateReader

    def get(self, key: str) -> bytes | None:
        """The value of a key."""
        found = self.reader.get(LIFECYCLE, key)
        return None if found is None else found.value


@dataclass(frozen=True, slots=True)
class CommittedApprovals:
    """A department's approvals as hashes in committed state."""

    reader: StateReader
    msp_id: str

    def get_hash(self, key: str) -> bytes | None:
        """The hash of a value."""
        namespace = hashed_namespace(LIFECYCLE, implicit_collection(self.msp_id))
        found = self.reader.get(namespace, sha256(key.encode()).hexdigest())
        return None if found is None else found.value


def chaincodes(
    reader: StateReader, msp_id: str, installed: Iterable[str]
) -> Mapping[str, Chaincode]:
    """Every defined chaincode, by name."""
    packages = {sha256(_package_field(package_id)).digest(): package_id for package_id in installed}
    found = {}
    for name in defined_names(reader):
        definition = read_definition(name, CommittedLifecycle(reader))
        if definition is not None:
            found[name] = _chaincode(name, definition, CommittedApprovals(reader, msp_id), packages)
    return found


def _chaincode(
    name: str,
    definition: Definition,
    approvals: CommittedApprovals,
    packages: Mapping[bytes, str],
) -> Chaincode:
    record = private_name(name, definition.sequence)
    approved = not mismatches(NAMESPACES, record, definition.parameters(), approvals)
    package_hash = approvals.get_hash(field_key(SOURCES, record, "PackageID"))
    package_id = None if package_hash is None else packages.get(package_hash)
    return Chaincode(name, definition, approved, package_id if approved else None)


def _package_field(package_id: str) -> bytes:
    return package_record(package_id).fields["PackageID"]
