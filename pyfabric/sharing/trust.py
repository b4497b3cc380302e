"""Trust records: what a channel has recorded of another one, and how a record follows the other's configuration.

The first record is believed because departments have compared its fingerprint. It advances by one configuration at a time,
each of which the recorded one decides. It is fresh as long as a signed block shows from time to time that the recorded
configuration is still the newest one: the block must hold a challenge that nobody could know before, since an old block shows
the same and says nothing about today.
"""

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Final, Literal

from fabric_protos.common import common_pb2
from pydantic import Field

from pyfabric.errors import ConfigError
from pyfabric.messages.blocks import header_hash, last_config_index, parse_block
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.succession import check_orderer_support, check_peer_support
from pyfabric.rules.verification.chain import check_orderers, check_rules
from pyfabric.rules.verification.faults import ChainFaultError, FaultKind
from pyfabric.rules.verification.later_start import LaterVerification
from pyfabric.sharing import canonical
from pyfabric.sharing.frames import framed_digest
from pyfabric.sharing.refusals import Code, ProofError
from pyfabric.sharing.requests import LEAST_DEPARTMENTS, Channel, Digest, Name, Seconds

DEFAULT_GREATEST_AGE: Final = 7 * 24 * 60 * 60
_REMEMBERED: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRecord:
    """A channel of another (or the own) network as it is recorded.

    `net` is the SHA-256 of the header of its genesis block, `config` its newest recorded configuration (bytes of
    common.Config), which block `block` brought; `versions` are those of its contract `interop` whose answers are taken.
    `renewed` is when it was certain last that the configuration is the newest one, and `greatest_age` how many seconds
    that suffices.
    """

    v: Literal[1] = 1
    net: Digest
    channel: Channel
    block: Annotated[int, Field(ge=0, lt=2**53)]
    config: bytes
    versions: tuple[Name, ...]
    renewed: Seconds
    greatest_age: Seconds = DEFAULT_GREATEST_AGE

    @property
    def configuration(self) -> ChannelConfig:
        """The recorded configuration: members, their certificates and lists, policies, consenters."""
        return _configuration(self.config, self.channel)

    @property
    def sequence(self) -> int:
        """How often the configuration has been changed."""
        return self.configuration.sequence

    @property
    def fingerprint(self) -> str:
        """The SHA-256 that departments compare before they approve a record: of all but its renewal."""
        compared = {
            "v": self.v,
            "net": self.net,
            "channel": self.channel,
            "block": self.block,
            "config": sha256(self.config).hexdigest(),
            "versions": list(self.versions),
            "greatest_age": self.greatest_age,
        }
        return sha256(canonical.write(compared)).hexdigest()

    def is_stale(self, moment: int) -> bool:
        """Return whether the record is over age at a time (Unix seconds)."""
        return moment - self.renewed > self.greatest_age

    def to_bytes(self) -> bytes:
        """Return the record's canonical JSON."""
        return canonical.write(self)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "TrustRecord":
        """Read `to_bytes`; raises DecodeError, and ProofError for a configuration that is not trusted."""
        record = canonical.read(cls, raw)
        _check_configuration(record.channel, record.config)
        return record


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a department of the own channel adds to a challenge: 32 random bytes, and when the channel recorded them."""

    msp: Name
    nonce: Digest
    time: Seconds


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a renewing block must hold: made of random bytes of several departments, of which one may be known before.

    Raises ProofError for the contributions of fewer than two departments, or two of one.
    """

    contributions: tuple[Contribution, ...]

    def __post_init__(self) -> None:
        departments = [one.msp for one in self.contributions]
        if departments != sorted(set(departments)) or len(departments) < LEAST_DEPARTMENTS:
            raise ProofError(
                Code.TRUST_CHALLENGE,
                f"{', '.join(departments) or 'nobody'} cannot make a challenge: at least two departments do, "
                "each once, in the order of their MSP ids",
            )

    @property
    def digest(self) -> str:
        """The SHA-256 over the framed MSP ids and random bytes, in hexadecimal: the text that a block must hold."""
        parts = [part for one in self.contributions for part in (one.msp, one.nonce)]
        return framed_digest(part.encode() for part in parts).hex()

    @property
    def asked(self) -> int:
        """The time of the earliest contribution: a block with the challenge may be that old."""
        return min(one.time for one in self.contributions)


def network_id(genesis: bytes) -> str:
    """Return the identity of a channel's network: the SHA-256 of the header of its genesis block (bytes of common.Block)."""
    block = parse_block(genesis)
    if block.header.number:
        raise ProofError(Code.TRUST_CHANNEL, f"block {block.header.number} is no genesis block")
    return header_hash(block.header).hex()


def first_record(
    genesis: bytes,
    newest: bytes,
    *,
    versions: tuple[str, ...],
    moment: int,
    greatest_age: int = DEFAULT_GREATEST_AGE,
) -> TrustRecord:
    """Return the record of a channel by its genesis block and its newest configuration block (bytes of common.Block).

    Nothing is known yet by which the blocks could be checked: departments compare `fingerprint`. Raises ProofError.
    """
    net = network_id(genesis)
    channel, _ = _config_of(parse_block(genesis))
    block = parse_block(newest)
    named, config = _config_of(block)
    if named != channel:
        raise ProofError(
            Code.TRUST_CHANNEL, f"the blocks are of two channels, {channel} and {named}"
        )
    _check_configuration(channel, config)
    return TrustRecord(
        net=net,
        channel=channel,
        block=block.header.number,
        config=config,
        versions=versions,
        renewed=moment,
        greatest_age=greatest_age,
    )


def advance(record: TrustRecord, raw: bytes) -> TrustRecord:
    """Return the record after the next configuration of its channel, in a configuration block (bytes of common.Block).

    The recorded configuration decides: the orderers' signatures, who may have signed the update, and that applying it makes
    the new one. The record's age stays: the step may be an old one. Raises ProofError, DecodeError.
    """
    block = parse_block(raw)
    channel, config = _config_of(block)
    if channel != record.channel:
        raise ProofError(
            Code.TRUST_CHANNEL, f"the block is of channel {channel}, not {record.channel}"
        )
    sequence = _configuration(config, channel).sequence
    if sequence != record.sequence + 1 or block.header.number <= record.block:
        raise ProofError(
            Code.TRUST_SEQUENCE,
            f"block {block.header.number} has configuration {sequence}: {record.sequence + 1} follows the recorded "
            f"one, in a block after {record.block}",
        )
    _check_configuration(channel, config)
    try:
        verified = LaterVerification(record.configuration).add(raw)
    except ChainFaultError as error:
        orderers = error.fault.kind is not FaultKind.CONFIGURATION
        code = Code.TRUST_SIGNATURE if orderers else Code.TRUST_UPDATE
        raise ProofError(code, error.fault.reason) from error
    if not verified.is_configuration:
        raise ProofError(Code.TRUST_UPDATE, "its configuration transaction is not by a member")
    return replace(record, block=block.header.number, config=config)


def renew(record: TrustRecord, raw: bytes, challenge: Challenge) -> TrustRecord:
    """Return the record as of the time when a challenge was made, by a block (bytes of common.Block) that holds it.

    Raises ProofError, DecodeError.
    """
    block = parse_block(raw)
    try:
        check_orderers(block, record.configuration)
    except ChainFaultError as error:
        raise ProofError(Code.TRUST_SIGNATURE, error.fault.reason) from error
    newest = last_config_index(block)
    if newest != record.block:
        raise ProofError(
            Code.TRUST_STALE,
            f"the newest configuration is in block {newest}, the record's in {record.block}",
        )
    if not any(challenge.digest.encode() in entry for entry in block.data.data):
        raise ProofError(
            Code.TRUST_CHALLENGE,
            f"block {block.header.number} does not hold the challenge {challenge.digest}",
        )
    return replace(record, renewed=max(record.renewed, challenge.asked))


@lru_cache(maxsize=_REMEMBERED)
def _configuration(config: bytes, channel: str) -> ChannelConfig:
    try:
        return ChannelConfig.from_bytes(config, channel_id=channel)
    except ConfigError as error:
        raise ProofError(Code.TRUST_UPDATE, str(error)) from error


def _config_of(block: common_pb2.Block) -> tuple[str, bytes]:
    try:
        channel, config = config_from_block(block)
    except ConfigError as error:
        raise ProofError(Code.TRUST_CHANNEL, str(error)) from error
    return channel, config.SerializeToString(deterministic=True)


def _check_configuration(channel: str, config: bytes) -> None:
    """Raise ProofError for a configuration by rules that are unknown here, or whose members share a CA."""
    found = _configuration(config, channel)
    try:
        check_rules(found, found.sequence)
        check_orderer_support(found)
        check_peer_support(found)
    except ConfigError as error:
        raise ProofError(Code.TRUST_CAPABILITY, str(error)) from error
    keys = Counter(
        key
        for msp in found.msp_manager.msps.values()
        for key in {
            one.public_key_info for one in (*msp.authorities.roots, *msp.authorities.intermediates)
        }
    )
    if keys and max(keys.values()) > 1:
        raise ProofError(
            Code.TRUST_SHARED_CA, "two MSPs have a certificate authority with the same key"
        )
