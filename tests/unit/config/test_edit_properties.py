"""Properties of all edits: they change what they name and nothing else, and updates make what they make."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from fabric_protos.common import configtx_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfabric.admin import compute_update
from pyfabric.admin.channels import (
    Edit,
    SetBatch,
    apply_update,
    describe_config,
    differences,
    edit_config,
    read_config,
    read_edit,
)
from pyfabric.admin.config.edits.documents import KINDS
from pyfabric.admin.config.policies import format_policy, parse_policy
from pyfabric.errors import ConfigError, DecodeError
from pyfabric.rules.configuration.elements import elements
from tests.support.extent import extent
from tests.support.ledger.ordering import Council, Organization
from tests.support.paths import ROOT
from tests.support.rules.random_edits import RandomEdits

CHANNEL = "ledger1"
STRANGER = Organization("Stranger")
RAFT = (ROOT / "tests/vectors/2-config-updates/_base/config.pb").read_bytes()
BFT = read_config(Council(4, bft=True).genesis().SerializeToString())[1]
CONFIGS = {"raft": RAFT, "bft": BFT}
EDITS = {
    name: RandomEdits(describe_config(CHANNEL, config), STRANGER)
    for name, config in CONFIGS.items()
}
ORDERER = "/Channel/Orderer"
APPLICATION = "/Channel/Application"
SECTION = {"application": APPLICATION, "orderer": ORDERER}


_CONSENTERS = {f"{ORDERER}/{name}" for name in ("ConsensusType", "Orderers", "BlockValidation")}
_NAMED: dict[str, Callable[[Any], set[str]]] = {
    "set-batch": lambda _: {f"{ORDERER}/BatchSize", f"{ORDERER}/BatchTimeout"},
    "set-policy": lambda edit: {edit.path},
    "remove-policy": lambda edit: {edit.path},
    "set-mod-policy": lambda edit: {edit.path},
    "set-acls": lambda _: {f"{APPLICATION}/ACLs"},
    "remove-acls": lambda _: {f"{APPLICATION}/ACLs"},
    "set-capabilities": lambda edit: {
        "/Channel/Capabilities"
        if edit.level == "channel"
        else f"{SECTION[edit.level]}/Capabilities"
    },
    "add-organization": lambda edit: {f"{SECTION[edit.section]}/{edit.organization.name}"},
    "remove-organization": lambda edit: {f"{SECTION[edit.section]}/{edit.organization}"},
    **dict.fromkeys(
        ("set-msp", "add-to-msp", "remove-from-msp", "set-crl"),
        lambda edit: {f"{one}/{edit.organization}/MSP" for one in SECTION.values()},
    ),
    "set-anchor-peers": lambda edit: {f"{APPLICATION}/{edit.organization}/AnchorPeers"},
    "set-endpoints": lambda edit: {f"{ORDERER}/{edit.organization}/Endpoints"},
    "set-orderer-addresses": lambda _: {"/Channel/OrdererAddresses"},
    **dict.fromkeys(
        ("add-consenter", "remove-consenter", "replace-consenter"), lambda _: _CONSENTERS
    ),
    "set-maintenance": lambda _: {f"{ORDERER}/ConsensusType"},
    "set-consensus-options": lambda _: {f"{ORDERER}/ConsensusType"},
    "json-patch": lambda edit: {f"{APPLICATION}/{edit.operations[0]['path'].rpartition('/')[2]}"},
}
"""What each kind of edit names, as paths; what is below one of them is named too."""


def contents(config: bytes) -> dict[str, bytes | str]:
    """Return the bytes of every value and policy, and the mod_policy of every group, by their keys."""
    root = configtx_pb2.Config.FromString(config).channel_group
    return {
        key: one.mod_policy if key.startswith("[Group]") else one.message.SerializeToString()
        for key, one in elements(root).items()
    }


def is_below(key: str, paths: set[str]) -> bool:
    path = key[key.index("/") :]
    return any(path == one or path.startswith(f"{one}/") for one in paths)


def applied(config: bytes, edits: Sequence[Edit]) -> bytes | None:
    """Return the configuration after edits, or None for edits that are refused."""
    try:
        return edit_config(config, edits)
    except ConfigError:
        return None


def test_every_kind_of_edit_is_tried() -> None:
    assert set(_NAMED) == set(KINDS) - {"move-to-bft"}


@pytest.mark.parametrize("name", CONFIGS)
@given(data=st.data())
@settings(max_examples=extent(20, 60), deadline=None)
def test_an_edit_changes_what_it_names_and_nothing_else(name: str, data: st.DataObject) -> None:
    config = CONFIGS[name]
    edit = data.draw(EDITS[name].edits)
    after = applied(config, [edit])
    if after is None:
        return
    paths = _NAMED[edit.kind](edit)
    assert all(is_below(one.path, paths) for one in differences(config, after))
    old, new = contents(config), contents(after)
    assert {
        key for key in {*old, *new} if old.get(key) != new.get(key) and not is_below(key, paths)
    } == set()


@pytest.mark.parametrize("name", CONFIGS)
@given(data=st.data())
@settings(max_examples=extent(15, 40), deadline=None)
def test_an_update_makes_the_configuration_that_it_was_computed_for(
    name: str, data: st.DataObject
) -> None:
    config = CONFIGS[name]
    for _ in range(data.draw(st.integers(1, 3))):  # versions grow from update to update
        edits = data.draw(st.lists(EDITS[name].edits, min_size=1, max_size=3))
        wanted = applied(config, edits)
        if wanted is None:
            continue
        if not differences(config, wanted):
            with pytest.raises(ConfigError, match="do not differ"):
                compute_update(CHANNEL, config, wanted)
            continue
        made = apply_update(CHANNEL, config, compute_update(CHANNEL, config, wanted))
        assert differences(made, wanted) == ()
        found = configtx_pb2.Config.FromString(made)
        assert found.sequence == configtx_pb2.Config.FromString(config).sequence + 1
        config = made


@pytest.mark.parametrize("name", CONFIGS)
@given(data=st.data())
@settings(max_examples=extent(15, 40), deadline=None)
def test_an_edit_is_what_its_document_says(name: str, data: st.DataObject) -> None:
    edit = data.draw(EDITS[name].edits)
    assert read_edit(json.loads(json.dumps(edit.document()))) == edit


@given(data=st.data())
def test_a_policy_is_what_its_rule_says(data: st.DataObject) -> None:
    policy = parse_policy(data.draw(EDITS["raft"].rules))
    assert parse_policy(format_policy(policy)) == policy


@given(at=st.integers(0, len(RAFT) - 1), length=st.integers(0, 9), put=st.binary(max_size=9))
@settings(deadline=None)
def test_a_damaged_configuration_makes_no_other_error(at: int, length: int, put: bytes) -> None:
    damaged = RAFT[:at] + put + RAFT[at + length :]
    for use in (
        read_config,
        lambda config: describe_config(CHANNEL, config),
        lambda config: differences(RAFT, config),
        lambda config: edit_config(config, [SetBatch(max_message_count=3)]),
    ):
        with suppress(ConfigError, DecodeError):
            use(damaged)
