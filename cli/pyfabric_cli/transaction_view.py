"""A committed transaction as plain values for printing."""

import json
from dataclasses import asdict
from typing import Any, Final

from pyfabric.admin.inspection import Invocation, describe_transaction
from pyfabric.gateway import BlockTransaction
from pyfabric_cli.output import readable

_LARGEST: Final = 1000


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
        "user": view.user or None,
    }
    if invocation is not None:
        arguments = [_shown(argument) for argument in invocation.arguments]
        facts |= {
            "chaincode": invocation.chaincode,
            "function": arguments[0] if arguments else "",
            "arguments": arguments[1:],
            "endorsers": list(invocation.endorsers),
            "event": invocation.event or None,
            "problem": invocation.problem or None,
        }
    return facts


def effects(transaction: BlockTransaction, *, parse: bool) -> dict[str, list[dict[str, Any]]]:
    """Return what a transaction read and wrote.

    Values are text, hexadecimal digits if they are not, and cut where they are long; with `parse`, those
    that are JSON are parsed.
    """
    found = describe_transaction(transaction.envelope).invocation or Invocation()
    return {
        "reads": [asdict(read) for read in found.reads],
        "writes": [
            {
                "namespace": write.namespace,
                "key": write.key,
                "deleted": write.deleted,
                "value": None if write.deleted else _value(write.value, parse=parse),
            }
            for write in found.writes
        ],
        "private_writes": [
            {
                **asdict(write),
                "key_hash": write.key_hash.hex(),
                "value_hash": write.value_hash.hex() or None,
            }
            for write in found.private_writes
        ],
    }


def _value(raw: bytes, *, parse: bool) -> Any:
    if parse and len(raw) <= _LARGEST:
        try:
            return json.loads(raw)
        except ValueError:
            pass
    return _shown(raw)


def _shown(raw: bytes) -> str:
    text = readable(raw)
    return text if len(text) <= _LARGEST else f"{text[:_LARGEST]}… ({len(raw)} bytes)"
