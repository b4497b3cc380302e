"""Contracts tested in memory, in milliseconds, against the rules of real peers."""

from pyfabric.chaincode.testing.determinism import DeterminismError, DeterminismGuard
from pyfabric.chaincode.testing.identities import identity
from pyfabric.chaincode.testing.ledger import Endorsement, TestLedger
from pyfabric.rules.collection_configs import CollectionConfig

__all__ = [
    "CollectionConfig",
    "DeterminismError",
    "DeterminismGuard",
    "Endorsement",
    "TestLedger",
    "identity",
]
