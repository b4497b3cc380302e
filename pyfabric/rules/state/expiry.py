"""Hashes of private data that have lived their time: blockToLive of collections.

Source: pvtstatepurgemgmt/purge_mgr.go and pvtdatapolicy/btlpolicy.go of Fabric 3.1. A hash that block n
wrote is deleted with block n + blockToLive + 1, unless that block writes it again. The deletion is no
part of the commit hash, and conflicts in the deleting block are decided before it.
"""

from collections.abc import Mapping

from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import StateReader, Version, VersionedValue

_AFTER_ALL_TRANSACTIONS = 2**63 - 1


def expiring_block(committing_block: int, block_to_live: int) -> int | None:
    """Return the block with which what another one wrote goes; None if it stays (blockToLive 0)."""
    return committing_block + block_to_live + 1 if block_to_live else None


def expire(
    number: int, lifetimes: Mapping[str, int], reader: StateReader, updates: Updates
) -> None:
    """Add to a block's updates the deletion of what expires with it.

    `lifetimes` is blockToLive by the collection's hashed namespace; `reader` is the state before the
    block.
    """
    for namespace, block_to_live in lifetimes.items():
        for key, value in reader.range(namespace, "", ""):
            expires = expiring_block(value.version.block, block_to_live)
            if expires is not None and expires <= number and (namespace, key) not in updates:
                deletion = VersionedValue(b"", Version(number, _AFTER_ALL_TRANSACTIONS))
                updates.put((namespace, key), deletion)
