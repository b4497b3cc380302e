"""`_lifecycle` calls of a real channel simulated again: their read-write sets, byte for byte.

Each valid or invalid `_lifecycle` transaction of 5-channel-history that approved or committed something
is simulated by our own functions on the state before it, as the department's peer that endorsed it.
"""

import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.peer import (
    chaincode_pb2,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)

from pyfabric.ledger.system import lifecycle
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.state.memory import MemoryState
from pyfabric.rules.state.private_simulation import PrivateSimulation
from pyfabric.rules.state.rwset import decode_read_write_set
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import Version, VersionedValue


class Approvals:
    """What one department approved: its private values, by key, and its private write sets."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[bytes, Version]] = {}
        self.write_sets: dict[tuple[int, int], bytes] = {}

    def commit(self, private: bytes, version: Version) -> None:
        self.write_sets[version] = private
        [namespace] = rwset_pb2.TxPvtReadWriteSet.FromString(private).ns_pvt_rwset
        [collection] = namespace.collection_pvt_rwset
        for write in kv_rwset_pb2.KVRWSet.FromString(collection.rwset).writes:
            self.values[write.key] = (write.value, version)

    def read(
        self, _namespace: str, _collection: str, key: str, hashed: VersionedValue | None
    ) -> tuple[bytes | None, Version | None]:
        found = self.values.get(key)
        assert (None if hashed is None else hashed.value) == (
            None if found is None else sha256(found[0]).digest()
        )
        return (None, None) if found is None else found

    def newest(
        self, _namespace: str, _collection: str, key: str
    ) -> tuple[bytes | None, Version | None]:
        raise AssertionError(key)

    def range(
        self, _namespace: str, _collection: str, start: str, end: str
    ) -> Iterable[tuple[str, bytes]]:
        return [(key, self.values[key][0]) for key in sorted(self.values) if start <= key < end]


class PeerOf:
    """As much of a peer, and of a channel that it has joined, as `_lifecycle` sees."""

    def __init__(self, msp_id: str, config: ChannelConfig) -> None:
        self.msp_id = msp_id
        self.config = config


class Call:
    """A call that is allowed."""

    channel_id = "records"

    def __init__(self, peer: PeerOf, arguments: list[bytes], simulation: PrivateSimulation) -> None:
        self.peer = self.joined = peer
        self.arguments = arguments
        self.simulation = simulation

    def text(self, index: int) -> str:
        return self.arguments[index].decode()

    def refusal(self, _resource: str, _channel_id: str, _config: ChannelConfig) -> None:
        return None


def transaction(raw: bytes) -> tuple[list[bytes], bytes, str] | None:
    """Return arguments, read-write set and first endorser's MSP of a `_lifecycle` transaction."""
    payload = common_pb2.Payload.FromString(common_pb2.Envelope.FromString(raw).payload)
    header = common_pb2.ChannelHeader.FromString(payload.header.channel_header)
    if header.type != common_pb2.HeaderType.ENDORSER_TRANSACTION:
        return None
    action = transaction_pb2.Transaction.FromString(payload.data).actions[0]
    body = transaction_pb2.ChaincodeActionPayload.FromString(action.payload)
    visible = proposal_pb2.ChaincodeProposalPayload.FromString(body.chaincode_proposal_payload)
    spec = chaincode_pb2.ChaincodeInvocationSpec.FromString(visible.input).chaincode_spec
    if spec.chaincode_id.name != "_lifecycle":
        return None
    response = proposal_response_pb2.ProposalResponsePayload.FromString(
        body.action.proposal_response_payload
    )
    results = proposal_pb2.ChaincodeAction.FromString(response.extension).results
    endorser = body.action.endorsements[0].endorser
    msp_id = next(
        name for name in ("RegistryMSP", "FacultyMSP", "ArchiveMSP") if name.encode() in endorser
    )
    return list(spec.input.args), results, msp_id


class Replay:
    """The channel so far: state, configuration, departments' private data."""

    def __init__(self) -> None:
        self.state = MemoryState()
        self.approvals = {name: Approvals() for name in ("RegistryMSP", "FacultyMSP", "ArchiveMSP")}
        self.config: ChannelConfig | None = None
        self.checked = 0

    def run(self, raw: bytes, number: int, position: int) -> None:
        """Run a valid `_lifecycle` transaction again, and compare."""
        found = transaction(raw)
        if found is None:
            return
        assert self.config is not None
        arguments, results, msp_id = found
        own = self.approvals[msp_id]
        simulation = PrivateSimulation(self.state, private=own)
        call = Call(PeerOf(msp_id, self.config), arguments, simulation)
        answer = lifecycle.invoke(call)  # type: ignore[arg-type]
        assert answer.status == 200, answer
        assert simulation.read_write_set() == results
        private = simulation.private_write_set()
        if private:
            own.commit(private, Version(number, position))
        self.checked += 1


def test_read_write_sets_of_a_real_channel(vectors: Path) -> None:
    folder = vectors / "5-channel-history"
    lines = (folder / "decoded.jsonl").read_text().splitlines()
    replay = Replay()
    for number, decoded in enumerate(map(json.loads, lines)):
        block = common_pb2.Block.FromString((folder / "blocks" / f"{number:03}.block").read_bytes())
        if decoded["transactions"][0].get("type") == "CONFIG":
            replay.config = ChannelConfig.from_block(block)
            continue
        updates = Updates()
        for position, raw in enumerate(block.data.data):
            if decoded["transactions"][position]["validation_code"] == 0:
                replay.run(raw, number, position)
                namespaces = decode_read_write_set(_results(raw))
                updates.apply(namespaces, Version(number, position), replay.state)
        replay.state.commit(updates)
    assert replay.checked >= 10
    private = json.loads((folder / "private-rwsets.json").read_text())
    compared = [
        _same_private(own.write_sets, int(block_number), by_position)
        for msp_id, own in replay.approvals.items()
        for block_number, by_position in private[msp_id].items()
    ]
    assert sum(compared) >= 6


def _results(raw: bytes) -> bytes:
    payload = common_pb2.Payload.FromString(common_pb2.Envelope.FromString(raw).payload)
    action = transaction_pb2.Transaction.FromString(payload.data).actions[0]
    body = transaction_pb2.ChaincodeActionPayload.FromString(action.payload)
    response = proposal_response_pb2.ProposalResponsePayload.FromString(
        body.action.proposal_response_payload
    )
    return proposal_pb2.ChaincodeAction.FromString(response.extension).results


def _same_private(
    kept: dict[tuple[int, int], bytes], number: int, real: dict[str, list[dict[str, Any]]]
) -> int:
    """Compare what a peer keeps of a block's `_lifecycle` transactions; how many there were."""
    compared = 0
    for position, namespaces in real.items():
        if [one["namespace"] for one in namespaces] != ["_lifecycle"]:
            continue
        message = rwset_pb2.TxPvtReadWriteSet.FromString(kept[number, int(position)])
        assert [
            (one.namespace, each.collection_name, each.rwset.hex())
            for one in message.ns_pvt_rwset
            for each in one.collection_pvt_rwset
        ] == [
            (one["namespace"], each["name"], each["rwset_hex"])
            for one in namespaces
            for each in one["collections"]
        ]
        compared += 1
    return compared
