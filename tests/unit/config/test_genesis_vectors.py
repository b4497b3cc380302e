"""Genesis blocks, compared with configtxgen's for the same input (vectors 1-genesis)."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.admin.config.genesis import genesis_block
from pyfabric.errors import ConfigError, FabricError
from pyfabric.messages.blocks import data_hash, last_config_index, parse_block
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.messages.config_values import APPLICATION
from pyfabric.rules.configuration.channel_config import ChannelConfig
from tests.conftest import ROOT
from tests.support.rules.configtx import UnreadableError, read_model

GENESIS = ROOT / "tests" / "vectors" / "1-genesis"
CASES = sorted(path.name for path in GENESIS.iterdir() if path.name != "errors")
ERRORS = json.loads((GENESIS / "errors" / "case.json").read_text(encoding="utf-8"))["cases"]
# What configtx.yaml can get wrong and our model cannot even say.
YAML_ONLY = {
    "bad-size",
    "bad-type",
    "foreign",
    "kafka",
    "no-application",
    "no-channel",
    "no-etcdraft",
    "no-orderer",
    "no-profile",
    "unknown-key",
}


def made(case: str) -> tuple[common_pb2.Block, common_pb2.Block]:
    """Return Fabric's block, and ours with the same time and nonce."""
    folder = GENESIS / case
    facts = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    theirs = parse_block((folder / "genesis.block").read_bytes())
    payload = payload_of(theirs)
    header = common_pb2.ChannelHeader.FromString(payload.header.channel_header)
    signature_header = common_pb2.SignatureHeader.FromString(payload.header.signature_header)
    model = read_model(folder, "configtx.yaml", facts["profile"], facts["channel_id"])
    moment = datetime.fromtimestamp(header.timestamp.seconds, UTC)
    ours = genesis_block(model, timestamp=moment, nonce=signature_header.nonce)
    return theirs, parse_block(ours)


def payload_of(block: common_pb2.Block) -> common_pb2.Payload:
    envelope = common_pb2.Envelope.FromString(block.data.data[0])
    return common_pb2.Payload.FromString(envelope.payload)


def plain(group: configtx_pb2.ConfigGroup) -> dict[str, object]:
    """Return a group with the maps inside its values in a fixed order."""
    return {
        "version": group.version,
        "mod_policy": group.mod_policy,
        "groups": {name: plain(sub) for name, sub in group.groups.items()},
        "policies": {
            name: entry.SerializeToString(deterministic=True)
            for name, entry in group.policies.items()
        },
        "values": {
            name: (entry.version, entry.mod_policy, value_of(name, entry.value))
            for name, entry in group.values.items()
        },
    }


def value_of(name: str, raw: bytes) -> object:
    if name in APPLICATION:
        return APPLICATION[name].FromString(raw).SerializeToString(deterministic=True)
    return raw


def test_the_counts() -> None:
    assert len(CASES) == 6
    assert len(ERRORS) == 32


@pytest.mark.parametrize("case", CASES)
def test_configuration_equals_fabrics(case: str) -> None:
    theirs, ours = made(case)
    their_name, their_config = config_from_block(theirs)
    our_name, our_config = config_from_block(ours)
    assert our_name == their_name
    assert our_config.sequence == their_config.sequence
    assert plain(our_config.channel_group) == plain(their_config.channel_group)


@pytest.mark.parametrize("case", CASES)
def test_everything_around_the_configuration_is_equal_to_the_byte(case: str) -> None:
    theirs, ours = made(case)
    assert payload_of(ours).header == payload_of(theirs).header
    assert len(ours.data.data[0]) == len(theirs.data.data[0])
    assert ours.metadata.SerializeToString() == theirs.metadata.SerializeToString()
    assert ours.header.number == 0
    assert ours.header.previous_hash == b""
    assert ours.header.data_hash == data_hash(ours.data)
    assert theirs.header.data_hash == data_hash(theirs.data)
    assert last_config_index(ours) == 0


@pytest.mark.parametrize("case", CASES)
def test_what_is_made_twice_is_the_same(case: str) -> None:
    _, first = made(case)
    _, second = made(case)
    assert first.SerializeToString() == second.SerializeToString()


@pytest.mark.parametrize("case", CASES)
def test_what_orderers_say_of_the_block(case: str) -> None:
    """Join as a real orderer does: all except msp-variety, whose MSPs have invalid admins."""
    _, block = made(case)
    if case == "msp-variety":
        with pytest.raises(ConfigError, match="setting up the MSP manager failed: admin 0 is inv"):
            ChannelConfig.from_block(block)
    else:
        assert ChannelConfig.from_block(block).sequence == 0


@pytest.mark.parametrize("facts", ERRORS, ids=lambda facts: Path(facts["file"]).stem.split(".")[0])
def test_verdicts_of_configtxgen(facts: dict[str, str | int | None]) -> None:
    name = str(facts["file"])
    profile, channel = str(facts["profile"]), facts["channel_id"]

    def build() -> None:
        model = read_model(
            GENESIS / "errors", name, profile, None if channel is None else str(channel)
        )
        genesis_block(model, timestamp=datetime.fromtimestamp(0, UTC), nonce=bytes(24))

    if facts["exit_code"] == 0:
        build()
    elif name.split(".")[0] in YAML_ONLY:
        with pytest.raises(UnreadableError):
            build()
    else:
        with pytest.raises((FabricError, OSError)):
            build()


def test_an_orderer_refuses_more_than_configtxgen_does() -> None:
    for stem, what in (("preferred-above", "greater than the absolute"), ("upper-channel", "Errs")):
        facts = next(one for one in ERRORS if one["file"].startswith(stem))
        model = read_model(GENESIS / "errors", facts["file"], "Main", facts["channel_id"])
        block = genesis_block(model, timestamp=datetime.fromtimestamp(0, UTC), nonce=bytes(24))
        with pytest.raises(ConfigError, match=what):
            ChannelConfig.from_block(parse_block(block))
