"""Hashes of private data that have lived their time: blockToLive of collections.

Source: pvtstatepurgemgmt/purge_mgr.go and pvtdatapolicy/btlpolicy.go of Fabric 3.1. A hash that block n
wrote is deleted with block n + blockToLive + 1, unless that block writes it again. The deletion is no
part of the commit hash, and conflicts in the deleting block are decided before it.

Fabric keeps keys by the block with which they expire. As blockToLive of a collection never changes, that is their order
by the block that wrote them, by which `AgedState` finds them.
"""

from collections.abc import Mapping

from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import AgedState, Version, VersionedValue

_AFTER_ALL_TRANSACTIONS = 2**63 - 1


def expiring_block(committing_block: int, block_to_live: int) -> int | None:
    """Return the block with which what another one wrote goes; None if it stays (blockToLive 0)."""
    return committing_block + block_to_live + 1 if block_to_live else None


def newest_expiring(number: int, block_to_live: int) -> int:
    """Return the newest block whose writes have expired with another one, `number`; negative if there is none."""
    return number - block_to_live - 1


def expire(number: int, lifetimes: Mapping[str, int], state: AgedState, updates: Updates) -> None:
    """Add to a block's updates the deletion of what expires with it.

    `lifetimes` is blockToLive by the collection's hashed namespace (0: its data stay); `state` is that before the block.
    """
    deletion = VersionedValue(b"", Version(number, _AFTER_ALL_TRANSACTIONS))
    for namespace, block_to_live in lifetimes.items():
        newest = newest_expiring(number, block_to_live)
        if not block_to_live or newest < 0:
            continue
        for key in state.written_up_to(namespace, newest):
            if (namespace, key) not in updates:
                updates.put((namespace, key), deletion)
