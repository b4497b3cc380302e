"""Raft: who its consenters become, and what its blocks say of them.

Source: orderer/consensus/etcdraft of Fabric 3.1; texts are those.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fabric_protos.common import common_pb2
from fabric_protos.orderer.etcdraft import metadata_pb2
from google.protobuf.message import DecodeError as ProtobufDecodeError

from pyfabric.core.config_parts import Consenter
from pyfabric.errors import ConfigError, DecodeError


@dataclass(frozen=True, slots=True)
class Membership:
    """The numbers of a channel's consenters, in their order in the configuration."""

    ids: tuple[int, ...]
    next_id: int
    raft_index: int

    @classmethod
    def first(cls, count: int) -> "Membership":
        """Before the first block: a new cluster's log holds an entry a node, and its leader's."""
        return cls(tuple(range(1, count + 1)), count + 1, count + 1)

    @classmethod
    def read(cls, metadata: bytes, count: int) -> "Membership":
        """What a block's consenter metadata says; a genesis block says nothing. Raises DecodeError."""
        try:
            value = common_pb2.Metadata.FromString(metadata).value
            found = metadata_pb2.BlockMetadata.FromString(value)
        except ProtobufDecodeError as error:
            raise DecodeError(f"these bytes are no etcdraft.BlockMetadata: {error}") from error
        if not found.consenter_ids:
            return cls.first(count)
        return cls(tuple(found.consenter_ids), found.next_consenter_id, found.raft_index)

    def metadata(self) -> bytes:
        """The consenter metadata of the next block of the log."""
        value = metadata_pb2.BlockMetadata(
            consenter_ids=self.ids, next_consenter_id=self.next_id, raft_index=self.raft_index + 1
        ).SerializeToString()
        return common_pb2.Metadata(value=value).SerializeToString()


@dataclass(frozen=True, slots=True)
class Changes:
    """What an update does to the consenters: who comes, who goes, and the membership after it."""

    added: tuple[Consenter, ...]
    removed: tuple[Consenter, ...]
    membership: Membership


def membership_changes(
    membership: Membership, old: Sequence[Consenter], new: Sequence[Consenter]
) -> Changes:
    """Number the consenters of a new configuration; a node is known by its client certificate.

    Raises ConfigError when more than one of them comes or goes; one that comes while one goes is the same
    node with a new certificate.
    """
    ids = {
        one.client_tls_certificate: number for number, one in zip(membership.ids, old, strict=False)
    }
    kept = {one.client_tls_certificate for one in new}
    added = tuple(one for one in new if one.client_tls_certificate not in ids)
    removed = tuple(one for one in old if one.client_tls_certificate not in kept)
    if len(added) > 1 or len(removed) > 1:
        raise ConfigError(
            "update of more than one consenter at a time is not supported, requested changes: add "
            f"{len(added)} node(s), remove {len(removed)} node(s)"
        )
    next_id = membership.next_id
    if added:
        number = ids[removed[0].client_tls_certificate] if removed else next_id
        ids[added[0].client_tls_certificate] = number
        next_id += 0 if removed else 1
    numbers = tuple(ids[one.client_tls_certificate] for one in new)
    return Changes(added, removed, Membership(numbers, next_id, membership.raft_index))
