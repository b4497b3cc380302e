"""Decoded blocks, against what Fabric's own tools say of the same bytes. (tests/interop compares them with fabric-sdk-py.)"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.peer import events_pb2, transaction_pb2
from google.protobuf.json_format import ParseDict

from pyfabric.hfc.fabric.block_decoder import BlockDecoder, FilteredBlockDecoder
from pyfabric.messages.blocks import parse_block
from tests.support.paths import ROOT

VECTORS = ROOT / "tests" / "vectors"
HISTORY = VECTORS / "5-channel-history"
FACTS = [json.loads(line) for line in (HISTORY / "decoded.jsonl").read_text().splitlines()]
FILTERED = [json.loads(line) for line in (HISTORY / "filtered.jsonl").read_text().splitlines()]
GENESIS = sorted(path.parent for path in (VECTORS / "1-genesis").glob("*/genesis.json"))
KEPT = ("ConsensusType", "BatchSize", "BatchTimeout", "HashingAlgorithm", "OrdererAddresses")


def block(number: int) -> dict[str, Any]:
    return BlockDecoder.decode((HISTORY / "blocks" / f"{number:03}.block").read_bytes())


def numbers(group: Any) -> Any:
    """Return configtxlator's JSON with versions as numbers."""
    if isinstance(group, dict):
        return {
            key: int(value) if key == "version" else numbers(value) for key, value in group.items()
        }
    return group


def groups(
    path: str, ours: dict[str, Any], theirs: dict[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    yield path, ours, theirs
    assert sorted(ours["groups"]) == sorted(theirs["groups"])
    for name, group in ours["groups"].items():
        yield from groups(f"{path}/{name}", group, theirs["groups"][name])


@pytest.mark.parametrize("folder", GENESIS, ids=lambda folder: folder.name)
def test_a_configuration_is_as_configtxlator_has_it(folder: Path) -> None:
    theirs = json.loads((folder / "genesis.json").read_text())["data"]["data"][0]["payload"]
    decoded = BlockDecoder.decode((folder / "genesis.block").read_bytes())
    ours = decoded["data"]["data"][0]["payload"]
    assert (
        ours["header"]["channel_header"]["channel_id"]
        == (theirs["header"]["channel_header"]["channel_id"])
    )
    config = theirs["data"]["config"]["channel_group"]
    for path, group, expected in groups("", ours["data"]["config"]["channel_group"], config):
        expected = numbers({**expected, "groups": {}})
        for policies in (group["policies"], expected["policies"]):
            policies.pop("BlockValidation", None)  # names certificates, in forms of their own
        assert group["policies"] == expected["policies"], path
        assert group["mod_policy"] == expected["mod_policy"]
        assert sorted(group["values"]) == sorted(expected["values"])
        for name in KEPT:
            if name in group["values"]:
                value, wanted = group["values"][name]["value"], expected["values"][name]["value"]
                assert value == {key: wanted[key] for key in value}, (path, name)
        if "MSP" in group["values"]:
            msp, wanted = (one["values"]["MSP"]["value"]["config"] for one in (group, expected))
            for key in ("name", "root_certs", "tls_root_certs", "intermediate_certs", "admins"):
                assert msp[key] == wanted[key]


@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: facts["number"])
def test_a_block_is_as_fabric_has_it(facts: dict[str, Any]) -> None:
    if any(_is_malformed(one) for one in facts["transactions"]):
        with pytest.raises(ValueError, match="cannot be decoded"):
            block(facts["number"])
        return
    decoded = block(facts["number"])
    header = decoded["header"]
    assert header["number"] == facts["number"]
    assert header["previous_hash"].decode() == facts["previous_hash"]
    assert header["data_hash"].decode() == facts["data_hash"]
    assert bytes(decoded["metadata"]["metadata"][2]).hex() == facts["transactions_filter_hex"]
    signers = decoded["metadata"]["metadata"][0]["signatures"]
    assert [one["signature_header"]["creator"]["mspid"] for one in signers] == [
        one["mspid"] for one in facts["orderer_signers"]
    ]
    for ours, theirs in zip(decoded["data"]["data"], facts["transactions"], strict=True):
        _check_transaction(ours["payload"], theirs)


def _is_malformed(facts: dict[str, Any]) -> bool:
    """Return whether a transaction holds bytes that are no message, which the decoder reads.

    It shows the call as bytes. Of read-write sets the transaction's name alone shows it.
    """
    error = facts.get("decode_error", "ChaincodeInvocationSpec")
    return "ChaincodeInvocationSpec" not in error or facts.get("label", "").endswith("rwset-bytes")


def _check_transaction(payload: dict[str, Any], facts: dict[str, Any]) -> None:
    channel, signed = (payload["header"][name] for name in ("channel_header", "signature_header"))
    kind = facts["type"] if isinstance(facts["type"], str) else "UNKNOWN_TYPE"
    assert (channel["tx_id"], channel["type_string"]) == (facts["tx_id"], kind)
    assert signed["creator"]["mspid"] == facts["creator"]["mspid"]
    assert signed["nonce"].decode() == facts["nonce_hex"]
    if "actions" not in facts:
        return
    for action, expected in zip(payload["data"].get("actions", []), facts["actions"], strict=True):
        endorsed = action["payload"]["action"]
        result = endorsed["proposal_response_payload"]
        assert result["proposal_hash"].decode() == expected["proposal_hash"]
        assert [one["endorser"]["mspid"] for one in endorsed["endorsements"]] == [
            one["mspid"] for one in expected["endorsers"]
        ]
        extension = result["extension"]
        assert extension["chaincode_id"]["name"] == expected["chaincode"]
        assert extension["response"]["status"] == expected["response"]["status"]
        named = extension["events"]["event_name"]
        assert named == expected.get("event", {}).get("event_name", "")
        for ours, theirs in zip(
            extension["results"]["ns_rwset"], expected["rwset"]["namespaces"], strict=True
        ):
            assert ours["namespace"] == theirs["namespace"]
            _check_keys(ours["rwset"], theirs)


def _check_keys(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert [one["key"] for one in ours["reads"]] == [one["key"] for one in theirs.get("reads", [])]
    written = [(one["key"], one["is_delete"]) for one in ours["writes"]]
    assert written == [(one["key"], one.get("delete", False)) for one in theirs.get("writes", [])]


@pytest.mark.parametrize("content", FILTERED, ids=lambda content: content.get("number", "0"))
def test_a_filtered_block_is_as_the_peer_sent_it(content: dict[str, Any]) -> None:
    raw = ParseDict(content, events_pb2.FilteredBlock()).SerializeToString()
    decoded = FilteredBlockDecoder.decode(raw)
    assert decoded["channel_id"] == content["channel_id"]
    assert decoded["number"] == int(content.get("number", "0"))
    for ours, theirs in zip(
        decoded["filtered_transactions"], content["filtered_transactions"], strict=True
    ):
        assert ours["txid"] == theirs.get("txid", "")
        assert ours["type"] == theirs.get("type", "MESSAGE")
        assert ours["tx_validation_code"] == theirs.get("tx_validation_code", "VALID")
        events = [
            one["chaincode_event"]["event_name"]
            for one in ours["transaction_actions"]["chaincode_actions"]
        ]
        actions = theirs.get("transaction_actions", {}).get("chaincode_actions", [])
        assert events == [one["chaincode_event"]["event_name"] for one in actions]


def test_a_transaction_of_its_own_is_decoded() -> None:
    whole = block(14)
    processed = transaction_pb2.ProcessedTransaction(validationCode=11)
    with pytest.raises(ValueError, match="it is empty"):
        BlockDecoder.decode_transaction(b"")
    for wrong in (b"\xff", b"nothing"):
        with pytest.raises(ValueError, match="cannot be decoded"):
            BlockDecoder.decode_transaction(wrong)
        with pytest.raises(ValueError, match="cannot be decoded"):
            BlockDecoder.decode(wrong)
        with pytest.raises(ValueError, match="cannot be decoded"):
            FilteredBlockDecoder.decode(wrong)
    raw = (HISTORY / "blocks" / "014.block").read_bytes()
    processed.transactionEnvelope.ParseFromString(parse_block(raw).data.data[0])
    decoded = BlockDecoder.decode_transaction(processed.SerializeToString())
    assert decoded["validation_code"] == 11
    assert decoded["transaction_envelope"] == whole["data"]["data"][0]
