"""A proposal: an update that travels between departments, with what is intended and who has signed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.msp import identities_pb2

from pyfabric.admin.config.edits.edit import Edit
from pyfabric.admin.config.edits.editing import edit_config
from pyfabric.admin.config.update import compute_update, signed_update, updated_channel
from pyfabric.errors import ConfigError, DecodeError
from pyfabric.identity.parsing import read_pem
from pyfabric.messages.decoding import decode
from pyfabric.messages.envelopes import payload_of


@dataclass(frozen=True, slots=True)
class Base:
    """The configuration that an update was computed from: its sequence, and the SHA-256 of its bytes, in hex."""

    sequence: int
    sha256: str

    @classmethod
    def of(cls, config: bytes) -> "Base":
        """Return the base that a configuration (bytes of common.Config) is; raises DecodeError."""
        return cls(decode(configtx_pb2.Config, config).sequence, sha256(config).hexdigest())


@dataclass(frozen=True, slots=True)
class Proposal:
    """An update (bytes of common.ConfigUpdate) of a channel, and signatures (bytes of common.ConfigSignature).

    `edits` are what is intended, from which the update can be computed again; what counts is the update. A proposal from
    Fabric's tools has neither edits nor base.
    """

    channel: str
    update: bytes
    signatures: tuple[bytes, ...] = ()
    edits: tuple[Edit, ...] = ()
    base: Base | None = None

    def __post_init__(self) -> None:
        """Raise ConfigError unless the update is one of the channel, and the signatures are signatures."""
        updated = updated_channel(self.update)
        if updated != self.channel:
            raise ConfigError(f"the update is for channel {updated!r}, not for {self.channel!r}")
        for one in self.signatures:
            signer(one)

    @property
    def signers(self) -> tuple[str, ...]:
        """Who is said to have signed, each as an MSP id and a common name."""
        return tuple(_name(signer(one)) for one in self.signatures)

    def signed(self, *signatures: bytes) -> "Proposal":
        """Return the proposal with further signatures; a later one by the same signer replaces the earlier."""
        found = {signer(one): one for one in (*self.signatures, *signatures)}
        return replace(self, signatures=tuple(found.values()))

    def envelope(self) -> bytes:
        """Return the update with its signatures in an envelope that nobody has signed, as Fabric's tools read it."""
        header = common_pb2.ChannelHeader(
            type=common_pb2.HeaderType.CONFIG_UPDATE, channel_id=self.channel
        )
        data = signed_update(self.update, self.signatures)
        payload = payload_of(header.SerializeToString(), b"", b"", data)
        return common_pb2.Envelope(payload=payload).SerializeToString()


def make_proposal(channel: str, config: bytes, edits: Sequence[Edit]) -> Proposal:
    """Return the proposal to make edits on a channel with this configuration (bytes of common.Config).

    Raises ConfigError for edits that cannot be made, or that change nothing.
    """
    update = compute_update(channel, config, edit_config(config, edits))
    return Proposal(channel, update, edits=tuple(edits), base=Base.of(config))


def renew_proposal(proposal: Proposal, config: bytes) -> Proposal:
    """Return what a proposal intends, as an update of another configuration, which nobody has signed.

    Raises ConfigError for a proposal without edits, for edits that cannot be made any more, and if they are made already.
    """
    if not proposal.edits:
        raise ConfigError(
            "the update cannot be computed again: the file does not hold what is intended; propose the change again"
        )
    return make_proposal(proposal.channel, config, proposal.edits)


def merge_proposals(proposals: Sequence[Proposal]) -> Proposal:
    """Return the first of proposals with the signatures of all; raises ConfigError for different updates."""
    first, *others = proposals
    if any(one.update != first.update for one in others):
        raise ConfigError(
            "the files hold different updates: signatures of one are void for another"
        )
    return first.signed(*(signature for one in others for signature in one.signatures))


def signer(signature: bytes) -> bytes:
    """Return the serialized identity that is said to have signed; raises ConfigError."""
    found = decode(configtx_pb2.ConfigSignature, signature, ConfigError)
    return decode(common_pb2.SignatureHeader, found.signature_header, ConfigError).creator


def _name(serialized: bytes) -> str:
    identity = decode(identities_pb2.SerializedIdentity, serialized, ConfigError)
    try:
        certificate = read_pem(identity.id_bytes)
    except DecodeError:
        certificate = None
    name = "an unreadable certificate" if certificate is None else certificate.subject.common_name
    return f"{name} of {identity.mspid}"
