"""What a channel's application policies allow its peers, as far as texts describe these policies."""

from collections.abc import Iterator, Mapping

from fabric_protos.common import configtx_pb2

from pyfabric.admin.config.policies import format_policy
from pyfabric.errors import ConfigError
from pyfabric.messages.decoding import decode
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.policies.endorsers import ChannelEndorsers
from pyfabric.rules.policies.paths import ENDORSEMENT, LIFECYCLE_ENDORSEMENT

_APPLICATION, _, _ = ENDORSEMENT.rpartition("/")


def channel_endorsers(config: configtx_pb2.Config, peers: Mapping[str, int]) -> ChannelEndorsers:
    """Return the peers that live, counted by MSP id, with the policies of the channel and its members."""
    application = config.channel_group.groups["Application"]
    policies = dict(_texts(application, _APPLICATION))
    for name, group in application.groups.items():
        policies |= _texts(group, f"{_APPLICATION}/{name}")
    return ChannelEndorsers(peers, policies, tuple(application.groups))


def member_ids(config: bytes, channel: str) -> frozenset[str]:
    """Return the MSP ids of a channel's members; `config` are bytes of common.Config. Raises ConfigError."""
    read = ChannelConfig.from_bytes(config, channel_id=channel)
    return frozenset(read.application_organizations)


def can_commit(config: bytes, approving: Mapping[str, int]) -> bool:
    """Return whether peers of these organisations, counted by MSP id, are enough to commit a definition.

    `config` are bytes of common.Config. Without a LifecycleEndorsement policy it takes a majority of members.
    """
    endorsers = channel_endorsers(decode(configtx_pb2.Config, config), approving)
    application = decode(configtx_pb2.Config, config).channel_group.groups["Application"]
    if LIFECYCLE_ENDORSEMENT.rpartition("/")[2] in application.policies:
        return endorsers.can_meet(LIFECYCLE_ENDORSEMENT)
    return len(approving) > len(endorsers.members) // 2


def find_policy(rule: str, config: bytes) -> str:
    """Return the path of the application policy of a channel that has this rule, such as MAJORITY Endorsement.

    A definition holds an expression or a path, no implicit meta rule. Raises ConfigError if no policy has it.
    """
    policies = channel_endorsers(decode(configtx_pb2.Config, config), {}).policies
    paths = [path for path, text in policies.items() if text == rule]
    direct = sorted(path for path in paths if path.rpartition("/")[0] == _APPLICATION)
    if ENDORSEMENT in direct:
        return ENDORSEMENT
    if direct:
        return direct[0]
    raise ConfigError(
        f"no application policy of the channel is {rule}, and a definition can name policies of the channel only: "
        "add one to the channel's configuration, or write an expression such as OR('TaxMSP.peer')"
    )


def _texts(group: configtx_pb2.ConfigGroup, path: str) -> Iterator[tuple[str, str]]:
    for name, entry in group.policies.items():
        try:
            yield f"{path}/{name}", format_policy(entry.policy)
        except ConfigError:  # by organisational units or identities: taken to be met
            continue
