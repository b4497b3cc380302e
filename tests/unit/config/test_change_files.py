"""A change in each of the forms that people have it in, as a proposal: all come to the same update."""

import json
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.admin.channels import Proposal, SetBatch, edit_config, make_proposal
from pyfabric.admin.config.change_files import propose_document, propose_message
from pyfabric.admin.config.proposal_files import write_proposal
from pyfabric.errors import ConfigError, DecodeError
from pyfabric.messages import decode_message
from pyfabric.messages.config_blocks import config_from_block
from tests.support.ledger.ordering import CHANNEL, Council

COUNCIL = Council(1, bft=False)
CONFIG = config_from_block(COUNCIL.genesis())[1].SerializeToString(deterministic=True)
EDIT = SetBatch(max_message_count=7)
WANTED = edit_config(CONFIG, [EDIT])
MADE = make_proposal(CHANNEL, CONFIG, [EDIT])
PATCH = {
    "op": "replace",
    "path": "/channel_group/groups/Orderer/values/BatchSize/value/max_message_count",
    "value": 7,
}
ENVELOPE = common_pb2.Envelope.FromString(MADE.envelope())

MESSAGES = {
    "common.Config": WANTED,
    "common.ConfigUpdate": MADE.update,
    "common.Envelope": MADE.envelope(),
}
DOCUMENTS: dict[str, Any] = {
    "edits": [EDIT.document()],
    "one edit": EDIT.document(),
    "a patch": [PATCH],
    **{kind: decode_message(kind, content) for kind, content in MESSAGES.items()},
}


def check(proposal: Proposal) -> None:
    assert (proposal.channel, proposal.update) == (CHANNEL, MADE.update)
    assert proposal.base == MADE.base
    assert edit_config(CONFIG, proposal.edits) == WANTED


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_message_comes_to_the_update(kind: str) -> None:
    proposal = propose_message(CHANNEL, CONFIG, MESSAGES[kind])
    assert proposal is not None
    check(proposal)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_document_comes_to_the_update(kind: str) -> None:
    check(propose_document(CHANNEL, CONFIG, DOCUMENTS[kind]))


@pytest.mark.parametrize(
    "content",
    [b"", b"- edit: set-batch\n", json.dumps(DOCUMENTS["edits"]).encode(), b"\xff\xff", b"\n\x01a"],
)
def test_text_is_no_message(content: bytes) -> None:
    assert propose_message(CHANNEL, CONFIG, content) is None


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("text", "holds no edit, JSON patch, configuration or update"),
        ([], "holds no edit, JSON patch, configuration or update"),
        (7, "holds no edit"),
        ([{"edit": "format-disk"}], "not an edit"),
        ([{**PATCH, "path": "/nowhere"}], "nowhere"),
        ([EDIT.document(), PATCH], "not an edit"),
        ({"channel_group": {"groups": 7}}, "groups"),
        ({"payload": {}}, "not a configuration update|holds"),
        (decode_message("common.Config", CONFIG), "do not differ"),
    ],
)
def test_what_is_no_change(document: Any, reason: str) -> None:
    with pytest.raises((ConfigError, DecodeError), match=reason):
        propose_document(CHANNEL, CONFIG, document)


def test_a_change_of_another_channel() -> None:
    with pytest.raises(ConfigError, match="is for channel 'council', not for 'treasury'"):
        propose_message("treasury", CONFIG, MADE.update)


def test_an_update_that_was_computed_from_another_configuration() -> None:
    newer = configtx_pb2.Config.FromString(CONFIG)
    newer.channel_group.groups["Orderer"].version += 1
    with pytest.raises(ConfigError, match="ReadSet"):
        propose_message(CHANNEL, newer.SerializeToString(), MADE.update)


def test_a_proposal_of_ours_is_no_change() -> None:
    with pytest.raises(ConfigError, match="not an edit"):
        propose_document(CHANNEL, CONFIG, json.loads(write_proposal(MADE)))
