"""What a channel's policies allow: which organisations are enough to commit, and which policy has a rule."""

import pytest
from fabric_protos.common import configtx_pb2

from pyfabric.admin.channel_policies import can_commit, find_policy, member_ids
from pyfabric.admin.config.policies import parse_policy, set_policy
from pyfabric.errors import ConfigError
from tests.conftest import ROOT

CONFIG = (ROOT / "tests/vectors/6-discovery-gateway/channel-config.pb").read_bytes()


def changed(**rules: str | None) -> bytes:
    """Return the configuration with other application policies, None for none."""
    config = configtx_pb2.Config.FromString(CONFIG)
    application = config.channel_group.groups["Application"]
    for name, rule in rules.items():
        if rule is None:
            del application.policies[name]
        else:
            set_policy(application, name, parse_policy(rule))
    return config.SerializeToString()


def test_the_members_of_a_channel() -> None:
    assert member_ids(CONFIG, "records") == {"ArchiveMSP", "FacultyMSP", "RegistryMSP"}


@pytest.mark.parametrize("config", [CONFIG, changed(LifecycleEndorsement=None)])
def test_a_majority_of_the_members_commits(config: bytes) -> None:
    assert not can_commit(config, {})
    assert not can_commit(config, {"FacultyMSP": 7})
    assert can_commit(config, {"FacultyMSP": 1, "ArchiveMSP": 1})


def test_a_policy_of_the_channels_own_decides() -> None:
    config = changed(LifecycleEndorsement="OR('RegistryMSP.peer')")
    assert can_commit(config, {"RegistryMSP": 1})
    assert not can_commit(config, {"FacultyMSP": 1, "ArchiveMSP": 1})
    everyone = changed(LifecycleEndorsement="ALL Endorsement")
    assert not can_commit(everyone, {"FacultyMSP": 1, "ArchiveMSP": 1})
    assert can_commit(everyone, {"FacultyMSP": 1, "ArchiveMSP": 1, "RegistryMSP": 1})


def test_a_rule_is_found_under_its_path() -> None:
    assert find_policy("MAJORITY Endorsement", CONFIG) == "/Channel/Application/Endorsement"
    config = changed(Zoning="ANY Endorsement", Another="ANY Endorsement")
    assert find_policy("ANY Endorsement", config) == "/Channel/Application/Another"
    with pytest.raises(
        ConfigError, match="no application policy of the channel is ALL Endorsement"
    ):
        find_policy("ALL Endorsement", config)
