"""A change that somebody wants, in any form that people have it in, as a proposal.

The forms are edits, a JSON patch, the configuration that is wanted, and an update that other tools computed; the last two
as JSON of configtxlator or as protobuf.
"""

from collections.abc import Mapping
from typing import Any

from fabric_protos.common import common_pb2, configtx_pb2
from google.protobuf.unknown_fields import UnknownFieldSet

from pyfabric.admin.config.edits.documents import read_edit
from pyfabric.admin.config.edits.patch import JSONPatch
from pyfabric.admin.config.intent import intent, with_intent
from pyfabric.admin.config.proposal import Proposal, make_proposal
from pyfabric.admin.config.proposal_files import read_proposal
from pyfabric.errors import ConfigError, DecodeError
from pyfabric.messages.decoding import decode
from pyfabric.messages.translation.encoding import from_json


def propose_message(channel: str, config: bytes, content: bytes) -> Proposal | None:
    """Return the proposal that bytes come to, on a channel with this configuration (bytes of common.Config).

    They are of common.Config (what is wanted), common.ConfigUpdate, or common.Envelope with an update; None for others.
    Raises ConfigError for a change that cannot be proposed.
    """
    wanted = _config(content)
    if wanted is not None:
        return _towards(channel, config, wanted)
    try:
        found = read_proposal(content)
    except ConfigError:
        return None
    return _of_update(channel, config, found)


def propose_document(channel: str, config: bytes, document: Any) -> Proposal:
    """Return the proposal that a JSON document comes to, on a channel with this configuration.

    It is a list of edits, or one; a JSON patch; or the JSON of one of the messages that `propose_message` takes. Raises
    ConfigError or DecodeError.
    """
    if isinstance(document, Mapping):
        if "channel_group" in document:
            wanted = from_json(configtx_pb2.Config, document)
            return _towards(channel, config, wanted.SerializeToString(deterministic=True))
        if "write_set" in document:
            update = from_json(configtx_pb2.ConfigUpdate, document)
            return _of_message(channel, config, update.SerializeToString(deterministic=True))
        if "payload" in document:
            envelope = from_json(common_pb2.Envelope, document)
            return _of_message(channel, config, envelope.SerializeToString(deterministic=True))
        document = [document]
    if not isinstance(document, list) or not document:
        raise ConfigError(
            "the file is no change of a channel: it holds no edit, JSON patch, configuration or update"
        )
    if all(isinstance(one, Mapping) and "op" in one for one in document):
        return make_proposal(channel, config, [JSONPatch(tuple(document))])
    return make_proposal(channel, config, [read_edit(one) for one in document])


def _towards(channel: str, config: bytes, wanted: bytes) -> Proposal:
    return make_proposal(channel, config, [intent(config, wanted)])


def _of_message(channel: str, config: bytes, content: bytes) -> Proposal:
    return _of_update(channel, config, read_proposal(content))


def _of_update(channel: str, config: bytes, proposal: Proposal) -> Proposal:
    if proposal.channel != channel:
        raise ConfigError(f"the update is for channel {proposal.channel!r}, not for {channel!r}")
    return with_intent(proposal, config)


def _config(content: bytes) -> bytes | None:
    """Return bytes that are a configuration; None for those that are not."""
    try:
        found = decode(configtx_pb2.Config, content)
    except DecodeError:
        return None
    whole = found.HasField("channel_group") and not len(UnknownFieldSet(found))
    return content if whole else None
