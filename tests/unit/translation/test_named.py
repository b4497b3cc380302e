"""Messages by their names, without protobuf in the caller's hands."""

import json

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.errors import DecodeError
from pyfabric.messages import decode_message, encode_message

POLICY = common_pb2.ChannelHeader(channel_id="estate", epoch=7)
CONFIG = configtx_pb2.Config(
    sequence=2**60,
    channel_group=configtx_pb2.ConfigGroup(
        values={"Odd": configtx_pb2.ConfigValue(value=b"\x00\xff", mod_policy="Admins")}
    ),
)


def test_a_message_is_json_and_comes_back() -> None:
    raw = CONFIG.SerializeToString(deterministic=True)
    document = decode_message("common.Config", raw)
    assert document["sequence"] == str(2**60)
    assert document["channel_group"]["values"]["Odd"]["mod_policy"] == "Admins"
    assert encode_message("common.Config", json.loads(json.dumps(document))) == raw


def test_an_edited_document_is_the_edited_message() -> None:
    document = decode_message("common.ChannelHeader", POLICY.SerializeToString())
    document["channel_id"] = "council"
    header = common_pb2.ChannelHeader.FromString(encode_message("common.ChannelHeader", document))
    assert (header.channel_id, header.epoch) == ("council", 7)


@pytest.mark.parametrize("complete", [False, True])
def test_complete_opens_at_least_what_configtxlator_opens(complete: bool) -> None:
    raw = CONFIG.SerializeToString(deterministic=True)
    assert (
        encode_message("common.Config", decode_message("common.Config", raw, complete=complete))
        == raw
    )


def test_unknown_names_and_unfit_values_are_refused() -> None:
    with pytest.raises(DecodeError, match=r"do you mean common\.Config"):
        decode_message("common.Confg", b"")
    with pytest.raises(DecodeError, match=r"do you mean common\.Config"):
        encode_message("common.Confg", {})
    with pytest.raises(DecodeError):
        decode_message("common.Config", b"\xff")
    with pytest.raises(DecodeError, match="sequence"):
        encode_message("common.Config", {"sequence": "many"})
