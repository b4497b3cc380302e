"""Which chaincodes of a channel a peer can run: defined, approved by its department, installed.

Source: core/chaincode/lifecycle/cache.go and metadata_manager.go of Fabric 3.1. A package is found by
the hash of its id in the department's collection, so a peer knows it without the private value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from pyfabric.messages.lifecycle import PACKAGE_ID, SOURCES, approval_name, field_key
from pyfabric.rules.lifecycle.definitions import (
    Definition,
    approval_mismatches,
    committed_definition,
    defined_names,
    package_record,
)
from pyfabric.rules.lifecycle.records import CommittedHashes
from pyfabric.rules.state.versions import StateReader


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


def chaincodes(
    reader: StateReader, msp_id: str, installed: Iterable[str]
) -> Mapping[str, Chaincode]:
    """Return every defined chaincode, by name."""
    packages = {sha256(_package_field(package_id)).digest(): package_id for package_id in installed}
    found = {}
    for name in defined_names(reader):
        definition = committed_definition(name, reader)
        if definition is not None:
            found[name] = _chaincode(name, definition, CommittedHashes(reader, msp_id), packages)
    return found


def _chaincode(
    name: str,
    definition: Definition,
    approvals: CommittedHashes,
    packages: Mapping[bytes, str],
) -> Chaincode:
    approved = not approval_mismatches(name, definition, approvals)
    record = approval_name(name, definition.sequence)
    package_hash = approvals.get_hash(field_key(SOURCES, record, PACKAGE_ID))
    package_id = None if package_hash is None else packages.get(package_hash)
    return Chaincode(name, definition, approved, package_id if approved else None)


def _package_field(package_id: str) -> bytes:
    return package_record(package_id).fields[PACKAGE_ID]
