"""A committed transaction as plain values for printing."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from pyfabric.admin.inspection import Invocation, describe_transaction
from pyfabric.admin.signatures import CheckedSignature, SignatureCheck
from pyfabric.gateway import BlockTransaction
from pyfabric_cli.output import readable

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_LARGEST: Final = 1000


def signature_facts(signature: CheckedSignature) -> dict[str, Any]:
    """Return who is said to have signed, and whether the signature holds."""
    return {
        "msp_id": signature.msp_id,
        "name": signature.name or None,
        "signature": signature.problem or "valid",
    }


def transaction_facts(transaction: BlockTransaction, check: SignatureCheck) -> dict[str, Any]:
    """Return what a transaction's envelope and validation code record, and whether its creator's signature holds."""
    view = describe_transaction(transaction.envelope)
    creator = check.transaction(transaction.envelope).creator
    invocation = view.invocation
    facts: dict[str, Any] = {
        "transaction_id": view.transaction_id,
        "kind": view.kind,
        "code": transaction.code.name,
        "timestamp": view.timestamp.isoformat() if view.timestamp else None,
        "creator": view.creator,
        "user": view.user or None,
        "signature": (creator.problem or "valid") if creator is not None else None,
    }
    if invocation is not None:
        arguments = [_shown(argument) for argument in invocation.arguments]
        facts |= {
            "chaincode": invocation.chaincode,
            "version": invocation.version,
            "function": arguments[0] if arguments else "",
            "arguments": arguments[1:],
            "endorsers": list(invocation.endorsers),
            "status": invocation.status,
            "event": invocation.event or None,
            "problem": invocation.problem or None,
        }
    return facts


def effects(
    transaction: BlockTransaction, check: SignatureCheck, *, parse: bool
) -> dict[str, list[dict[str, Any]]]:
    """Return who endorsed a transaction, and what it read and wrote.

    Values are text, hexadecimal digits if they are not, and cut where they are long; with `parse`, those
    that are JSON are parsed.
    """
    found = describe_transaction(transaction.envelope).invocation or Invocation()
    return {
        "endorsements": [
            signature_facts(one) for one in check.transaction(transaction.envelope).endorsers
        ],
        "reads": _rows(found.reads),
        "ranges": _rows(found.ranges),
        "writes": [
            {
                "namespace": write.namespace,
                "key": write.key,
                "deleted": write.deleted,
                "value": None if write.deleted else _value(write.value, parse=parse),
            }
            for write in found.writes
        ],
        "key_policies": _rows(found.key_policies),
        "private_reads": _rows(found.private_reads),
        "private_writes": _rows(found.private_writes),
        "private_sets": _rows(found.private_sets),
    }


def _rows(parts: Iterable["DataclassInstance"]) -> list[dict[str, Any]]:
    """Return the parts' fields, hashes as hexadecimal digits."""
    return [
        {
            name: (value.hex() or None) if isinstance(value, bytes) else value
            for name, value in asdict(part).items()
        }
        for part in parts
    ]


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
