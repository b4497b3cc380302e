"""Which orderers may not go on from an old copy of their ledgers.

An orderer of an earlier moment has forgotten what it acknowledged to the others, and votes that it gave: it could
make them lose blocks. So it begins without a ledger, and gets all blocks from the others, which must be able to order
without it. Where all orderers are in one backup they are of one moment, and go on from there.
"""

from collections.abc import Sequence
from typing import Final

from pyfabric.errors import NetworkError
from pyfabric.rules.consensus import bft, raft
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan

_LEADER: Final = (
    ", and the one that leads must have been started again since this one stopped (`pyfabric network restart "
    "NODE` at its department)"
)


def rejoining(plan: Plan, *, keep: bool) -> tuple[Node, ...]:
    """Return the orderers in a backup of this machine that must begin without their ledgers; none with `keep`.

    Raises NetworkError if those of other machines are too few to order without them.
    """
    own, everyone = plan.own_orderers, plan.orderers
    others = len(everyone) - len(own)
    if keep or not own or not others:
        return ()
    quorum = bft.quorum if plan.topology.ordering.consensus == "bft" else raft.quorum
    if others < quorum(len(everyone)):
        raise NetworkError(
            f"{_names(own)}: {len(own)} of {len(everyone)} orderers are in this backup, and the others cannot "
            "order blocks without them, nor may these continue from an old copy: if they have not run since "
            "the backup, or if all departments restore backups of one moment, add --keep-orderers"
        )
    return own


def advice(plan: Plan, nodes: Sequence[Node]) -> tuple[str, ...]:
    """Return what is to be known of orderers that begin without their ledgers.

    The leader of a Raft channel remembers what each orderer acknowledged: one that has nothing of it stops
    ("tocommit is out of range" in its log) until there is another leader.
    """
    raft_only = "" if plan.topology.ordering.consensus == "bft" else _LEADER
    return tuple(
        f"{node.name} begins without its ledgers, which the backup has of an earlier moment, and gets the "
        f"blocks from the other orderers: before it starts, all of these must run{raft_only}"
        for node in nodes
    )


def _names(nodes: Sequence[Node]) -> str:
    return ", ".join(node.name for node in nodes)
