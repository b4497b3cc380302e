"""Configuration updates: the difference between two configurations, as configtxlator computes it.

Source: internal/configtxlator/update of Fabric 3.1. Versions in the wanted configuration do not count: the
update takes those of the present one, and one more for what changes. Its read set holds what it depends on,
its write set what it changes, and both hold the groups on the way there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.errors import ConfigError
from pyfabric.messages.blocks import parse_block
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.messages.decoding import decode

_KINDS: Final = ("groups", "values", "policies")


def config_of_block(block: bytes) -> bytes:
    """Return the configuration (bytes of common.Config) of a configuration block (bytes of common.Block).

    Raises DecodeError or ConfigError for another block.
    """
    _, config = config_from_block(parse_block(block))
    return config.SerializeToString(deterministic=True)


def compute_update(channel: str, present: bytes, wanted: bytes) -> bytes:
    """Return the update (bytes of common.ConfigUpdate) from one configuration to another.

    Both are bytes of common.Config. Raises DecodeError for other bytes, ConfigError when they are equal.
    """
    before = decode(configtx_pb2.Config, present)
    after = decode(configtx_pb2.Config, wanted)
    for which, config in (("present", before), ("wanted", after)):
        if not config.HasField("channel_group"):
            raise ConfigError(f"the {which} configuration has no channel group")
    change = _group(before.channel_group, after.channel_group)
    if not change.differs:
        raise ConfigError("the present and the wanted configuration do not differ")
    return configtx_pb2.ConfigUpdate(
        channel_id=channel, read_set=change.read, write_set=change.write
    ).SerializeToString(deterministic=True)


def updated_channel(update: bytes) -> str:
    """Return the channel of an update (bytes of common.ConfigUpdate); raises ConfigError for other bytes."""
    decoded = decode(configtx_pb2.ConfigUpdate, update, ConfigError)
    if not decoded.channel_id or not decoded.HasField("write_set"):
        raise ConfigError(
            "not a configuration update: it names no channel or changes nothing; make it with "
            "pyfabric.admin.config.update"
        )
    return decoded.channel_id


def signature_header(creator: bytes, nonce: bytes) -> bytes:
    """Return the header of a signature over an update, by a serialized identity."""
    return common_pb2.SignatureHeader(creator=creator, nonce=nonce).SerializeToString()


def config_signature(header: bytes, signature: bytes) -> bytes:
    """Return an administrator's signature (bytes of common.ConfigSignature) with its header."""
    return configtx_pb2.ConfigSignature(
        signature_header=header, signature=signature
    ).SerializeToString()


def signed_update(update: bytes, signatures: Sequence[bytes]) -> bytes:
    """Return an update with its administrators' signatures (bytes of common.ConfigUpdateEnvelope)."""
    return configtx_pb2.ConfigUpdateEnvelope(
        config_update=update,
        signatures=[decode(configtx_pb2.ConfigSignature, one) for one in signatures],
    ).SerializeToString()


@dataclass(frozen=True, slots=True)
class _Change:
    """What one element adds to the read set and to the write set."""

    read: Any
    write: Any
    differs: bool


def _group(before: configtx_pb2.ConfigGroup, after: configtx_pb2.ConfigGroup) -> _Change:
    changes = {kind: _members(getattr(before, kind), getattr(after, kind)) for kind in _KINDS}
    itself = before.mod_policy != after.mod_policy or any(
        set(getattr(before, kind)) != set(getattr(after, kind)) for kind in _KINDS
    )
    read = configtx_pb2.ConfigGroup(version=before.version)
    write = configtx_pb2.ConfigGroup(version=before.version)
    if itself:
        write.version += 1
        write.mod_policy = after.mod_policy
    for kind, members in changes.items():
        for name, change in members.items():
            # A group that changes itself names all its members: the others are removed.
            if not (change.differs or itself):
                continue
            if change.read is not None:
                getattr(read, kind)[name].CopyFrom(change.read)
            getattr(write, kind)[name].CopyFrom(change.write)
    differs = itself or any(one.differs for each in changes.values() for one in each.values())
    return _Change(read, write, differs)


def _members(before: Mapping[str, Any], after: Mapping[str, Any]) -> Mapping[str, _Change]:
    return {
        name: _element(before[name], element) if name in before else _new(element)
        for name, element in after.items()
    }


def _element(before: Any, after: Any) -> _Change:
    if isinstance(after, configtx_pb2.ConfigGroup):
        return _group(before, after)
    same = type(after)()
    same.CopyFrom(after)
    same.version = before.version
    if same == before:
        version = type(after)(version=before.version)
        return _Change(version, version, differs=False)
    same.version += 1
    return _Change(None, same, differs=True)


def _new(element: Any) -> _Change:
    if isinstance(element, configtx_pb2.ConfigGroup):
        written = _group(configtx_pb2.ConfigGroup(), element).write
        written.mod_policy = element.mod_policy
    else:
        written = type(element)()
        written.CopyFrom(element)
    written.version = 0
    return _Change(None, written, differs=True)
