"""A committed transaction as plain values for printing."""

from dataclasses import asdict
from typing import Any

from pyfabric.admin.inspection import describe_transaction
from pyfabric.gateway import BlockTransaction
from pyfabric_cli.output import readable


def transaction_facts(transaction: BlockTransaction) -> dict[str, Any]:
    """Return what a transaction's envelope and validation code record."""
    view = describe_transaction(transaction.envelope)
    invocation = view.invocation
    facts: dict[str, Any] = {
        "transaction_id": view.transaction_id,
        "kind": view.kind,
        "code": transaction.code.name,
        "timestamp": view.timestamp.isoformat() if view.timestamp else None,
        "creator": view.creator,
    }
    if invocation is not None:
        arguments = [readable(argument) for argument in invocation.arguments]
        facts |= {
            "chaincode": invocation.chaincode,
            "function": arguments[0] if arguments else "",
            "arguments": arguments[1:],
            "endorsers": list(invocation.endorsers),
            "event": invocation.event or None,
            "problem": invocation.problem or None,
        }
    return facts


def writes(transaction: BlockTransaction) -> list[dict[str, Any]]:
    """Return the keys that a transaction wrote or deleted."""
    invocation = describe_transaction(transaction.envelope).invocation
    return [asdict(write) for write in invocation.writes] if invocation else []
