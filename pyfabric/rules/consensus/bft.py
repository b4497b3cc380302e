"""SmartBFT: quorums, its options, what its blocks say, and the policy that its consenters make.

Source: orderer/consensus/smartbft and common/policies/bft.go of Fabric 3.1; texts are Fabric's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from fabric_protos.common import policies_pb2
from fabric_protos.orderer.smartbft import configuration_pb2

from pyfabric.errors import ConfigError
from pyfabric.messages.decoding import decode
from pyfabric.messages.durations import SECOND, parse_duration
from pyfabric.messages.policies import identity_principal, signed_by
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.parts import BatchSettings
from pyfabric.rules.policies.paths import BLOCK_VALIDATION_NAME

_FIELDS: Final = {
    "RequestBatchMaxCount": "request_batch_max_count",
    "RequestBatchMaxBytes": "request_batch_max_bytes",
    "RequestBatchMaxInterval": "request_batch_max_interval",
    "IncomingMessageBufferSize": "incoming_message_buffer_size",
    "RequestPoolSize": "request_pool_size",
    "RequestForwardTimeout": "request_forward_timeout",
    "RequestComplainTimeout": "request_complain_timeout",
    "RequestAutoRemoveTimeout": "request_auto_remove_timeout",
    "ViewChangeResendInterval": "view_change_resend_interval",
    "ViewChangeTimeout": "view_change_timeout",
    "LeaderHeartbeatTimeout": "leader_heartbeat_timeout",
    "LeaderHeartbeatCount": "leader_heartbeat_count",
    "CollectTimeout": "collect_timeout",
}
"""What must be above zero, in the order in which that is looked at."""
_ROTATION_ON: Final = configuration_pb2.Options.Rotation.ROTATION_ON
_REQUEST_MAX_BYTES: Final = 10 * 1024
"""SmartBFT compares its own default with the batch's size, whatever the option says."""
_ORDERED: Final = (
    ("RequestBatchMaxCount", "RequestBatchMaxBytes"),
    ("RequestMaxBytes", "RequestBatchMaxBytes"),
    ("RequestForwardTimeout", "RequestComplainTimeout"),
    ("RequestComplainTimeout", "RequestAutoRemoveTimeout"),
    ("ViewChangeResendInterval", "ViewChangeTimeout"),
)


class ConsenterIdentity(Protocol):
    """What a policy needs of a consenter: its organisation and its certificate (PEM)."""

    @property
    def msp_id(self) -> str: ...

    @property
    def identity(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Options:
    """SmartBFT's options that have been found good; `interval` is in seconds."""

    interval: float


def quorum(count: int) -> int:
    """Return how many of `count` consenters must sign a block: a third of them, less one, may fail."""
    faulty = (count - 1) // 3
    return (count + faulty + 2) // 2


def block_validation(consenters: Sequence[ConsenterIdentity]) -> policies_pb2.Policy:
    """Return the policy BlockValidation that a channel of these consenters must have."""
    envelope = signed_by(
        quorum(len(consenters)),
        [identity_principal(one.msp_id, one.identity) for one in consenters],
    )
    return policies_pb2.Policy(
        type=policies_pb2.Policy.PolicyType.SIGNATURE, value=envelope.SerializeToString()
    )


def read_options(metadata: bytes, batch: BatchSettings) -> Options:
    """Check the options of a channel, whose batch sizes come first; raises ConfigError."""
    options = _options(metadata, "failed to unmarshal consensus metadata")
    options.request_batch_max_count = batch.max_message_count
    options.request_batch_max_bytes = batch.absolute_max_bytes
    return _check(options)


def check_metadata(metadata: bytes) -> None:
    """Check options as they stand, as an orderer does before it moves to BFT; raises ConfigError."""
    options = _options(metadata, "failed to unmarshal BFT metadata configuration")
    try:
        _check(options)
    except ConfigError as error:
        raise ConfigError("invalid BFT metadata configuration") from error


def check_policy(config: ChannelConfig) -> None:
    """Raise ConfigError unless a BFT channel's blocks are judged by its consenters' policy."""
    group = config.raw.channel_group.groups["Orderer"]
    if "Orderers" not in group.values:
        raise ConfigError("no values in 'Orderer' group")
    expected = block_validation(config.consenters)
    if BLOCK_VALIDATION_NAME not in group.policies:
        raise ConfigError("block validation policy is not found in the policies of 'Orderer' group")
    found = group.policies[BLOCK_VALIDATION_NAME].policy
    if found != expected:
        raise ConfigError(
            f"block validation policy should be a signature policy: {_shown(expected)} but it is "
            f"{_shown(found)} instead"
        )
    options = _options(config.consensus_metadata, "invalid options encoded in consensus metadata")
    if options.leader_rotation == _ROTATION_ON:
        raise ConfigError("leader rotation must be turned off for this version or be unspecified")


def view_metadata(number: int) -> bytes:
    """Return what the block of that number says of its view (smartbftprotos.ViewMetadata).

    A chain whose leader never changes stays in view 0, and each decision in it is a block.
    """
    return b"".join(_varints(number))


def batch_settings(batch: BatchSettings, options: Options) -> BatchSettings:
    """Return when SmartBFT cuts a block: the channel's sizes, but its own interval."""
    return BatchSettings(
        batch.max_message_count,
        batch.absolute_max_bytes,
        batch.absolute_max_bytes,
        options.interval,
    )


def channel_batch_settings(config: ChannelConfig) -> BatchSettings:
    """Return when a channel's blocks are cut; raises ConfigError for options that SmartBFT refuses."""
    return batch_settings(config.batch, read_options(config.consensus_metadata, config.batch))


def _check(options: configuration_pb2.Options) -> Options:
    values = {name: getattr(options, field) for name, field in _FIELDS.items()}
    numbers = {name: _number(name, value) for name, value in values.items()}
    for name, number in numbers.items():
        if number <= 0:
            raise ConfigError(f"config validation failed: {name} should be greater than zero")
    numbers["RequestMaxBytes"] = _REQUEST_MAX_BYTES
    for smaller, larger in _ORDERED:
        if numbers[smaller] > numbers[larger]:
            raise ConfigError(f"config validation failed: {smaller} is bigger than {larger}")
    if options.leader_rotation == _ROTATION_ON and not options.decisions_per_leader:
        raise ConfigError(
            "config validation failed: DecisionsPerLeader should be greater than zero when leader "
            "rotation is active"
        )
    return Options(interval=numbers["RequestBatchMaxInterval"] / SECOND)


def _options(metadata: bytes, problem: str) -> configuration_pb2.Options:
    return decode(configuration_pb2.Options, metadata, ConfigError, problem)


def _shown(policy: policies_pb2.Policy) -> str:
    return f"type:{policy.type} value:{policy.value.hex()}"


def _number(name: str, value: int | str) -> int:
    if isinstance(value, int):
        return value
    try:
        return parse_duration(value)
    except ConfigError as error:
        raise ConfigError(f"bad config metadata option {name}: {error}") from error


def _varints(number: int) -> Iterator[bytes]:
    for tag, value in ((0x10, number), (0x18, number - 1)):
        if not value:
            continue
        yield bytes([tag])
        while value > 0x7F:
            yield bytes([value & 0x7F | 0x80])
            value >>= 7
        yield bytes([value])
