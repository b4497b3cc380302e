"""Files of proposals: our JSON, and the updates and envelopes of Fabric's tools, recognised by what they hold.

A file may come from anybody. What it says in words is never shown: only the update counts, and what is intended is read
strictly.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final

from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.admin.config.edits.documents import read_edit
from pyfabric.admin.config.proposal import Base, Proposal
from pyfabric.admin.config.update import updated_channel
from pyfabric.errors import ConfigError, DecodeError
from pyfabric.messages.decoding import decode
from pyfabric.rules.configuration.update import read_update

MAX_BYTES: Final = 64 * 1024 * 1024
"""More than any channel's configuration, of which a message has 100 MB at most."""
_FORMAT: Final = 1
_FIELDS: Final[Mapping[str, type]] = {
    "proposal": int,
    "channel": str,
    "base": dict,
    "edits": list,
    "update": str,
    "signatures": list,
}


def write_proposal(proposal: Proposal) -> bytes:
    """Return a proposal as the bytes of a JSON file."""
    base = proposal.base
    document = {
        "proposal": _FORMAT,
        "channel": proposal.channel,
        "base": {} if base is None else {"sequence": base.sequence, "sha256": base.sha256},
        "edits": [one.document() for one in proposal.edits],
        "update": b64encode(proposal.update).decode(),
        "signatures": [b64encode(one).decode() for one in proposal.signatures],
    }
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def read_proposal(content: bytes) -> Proposal:
    """Return the proposal in a file: as `write_proposal` wrote it, or as Fabric's tools write updates.

    Those are bytes of common.Envelope (`peer channel signconfigtx`) or of common.ConfigUpdate (`configtxlator`).
    Raises ConfigError.
    """
    if len(content) > MAX_BYTES:
        raise ConfigError(f"the file has {len(content)} bytes: a proposal has at most {MAX_BYTES}")
    if content.lstrip()[:1] == b"{":
        return _read_document(content)
    signed = _read_envelope(content)
    if signed is None:
        return Proposal(updated_channel(content), content)
    signatures = tuple(one.SerializeToString() for one in signed.signatures)
    return Proposal(updated_channel(signed.config_update), signed.config_update, signatures)


def _read_envelope(content: bytes) -> configtx_pb2.ConfigUpdateEnvelope | None:
    """Return the signed update in an envelope; None for what is no envelope with one."""
    try:
        return read_update(decode(common_pb2.Envelope, content))
    except (DecodeError, ConfigError):
        return None


def _read_document(content: bytes) -> Proposal:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the file is not a proposal: it is not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("proposal") != _FORMAT:
        raise ConfigError(f'the file is not a proposal: it has no "proposal": {_FORMAT}')
    for name, kind in _FIELDS.items():
        if type(document.get(name)) is not kind:
            raise ConfigError(f'the proposal is damaged: "{name}" is missing or of a wrong type')
    unknown = sorted(document.keys() - _FIELDS.keys())
    if unknown:
        raise ConfigError(f'the proposal is damaged: "{unknown[0]}" is unknown')
    return Proposal(
        document["channel"],
        _bytes("update", document["update"]),
        tuple(_bytes("signatures", one) for one in document["signatures"]),
        tuple(read_edit(one) for one in document["edits"]),
        _base(document["base"]),
    )


def _base(document: Mapping[str, Any]) -> Base | None:
    if not document:
        return None
    sequence, digest = document.get("sequence"), document.get("sha256")
    if len(document) != 2 or type(sequence) is not int or not isinstance(digest, str):
        raise ConfigError('the proposal is damaged: "base" has a sequence and a sha256')
    return Base(sequence, digest)


def _bytes(name: str, text: object) -> bytes:
    try:
        if isinstance(text, str):
            return b64decode(text, validate=True)
    except ValueError as error:
        raise ConfigError(f'the proposal is damaged: "{name}" is not base64: {error}') from error
    raise ConfigError(f'the proposal is damaged: "{name}" is not a text in base64')
