"""Contracts tested in memory, in milliseconds, against the rules of real peers."""

from pyfabric.chaincode.testing.determinism import DeterminismError, DeterminismGuard
from pyfabric.chaincode.testing.identities import identity
from pyfabric.chaincode.testing.ledger import Endorsement, TestLedger

__all__ = ["DeterminismError", "DeterminismGuard", "Endorsement", "TestLedger", "identity"]
