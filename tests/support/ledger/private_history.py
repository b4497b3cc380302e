"""The private data of 5-channel-history, simulated again: three departments' peers on a real ledger."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fabric_protos.peer import chaincode_shim_pb2, proposal_pb2

from pyfabric.errors import ContractError
from pyfabric.identity.signing import Identity
from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.channel.channels import Channels
from pyfabric.ledger.peer.transaction_context import TransactionContext
from pyfabric.ledger.private.data import PrivateData, distribute
from pyfabric.ledger.private.settlement import in_block, recover, settle
from pyfabric.ledger.private.store import PrivateStore
from pyfabric.ledger.private.view import PrivateView
from pyfabric.rules.requests.collection_access import CollectionAccess
from pyfabric.rules.requests.dissemination import CollectionWrites
from pyfabric.rules.requests.handler import Kind
from pyfabric.rules.state.private_simulation import PrivateSimulation
from pyfabric.rules.state.versions import Version
from tests.support.rules import history

NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
CHANNEL = "records"
CHAINCODE = "ledger"
DEPARTMENTS = {"RegistryMSP": "registry", "FacultyMSP": "faculty", "ArchiveMSP": "archive"}

# What was in the transient data of the real proposals: the blocks only have its hashes.
VALUES = {
    "pvt-put-duo": b"secret-one",
    "pvt-put-duo-2": b"secret-two",
    "pvt-put-fleeting": b"gone-soon",
    "pvt-implicit-collection": b"own",
    "pvt-overwrite": b"secret-one-b",
    "pvt-collection-policy-violated": b"x",
    "after-upgrade-trio": b"three",
}


def identity(name: str, msp_id: str) -> bytes:
    """Return a serialized identity of the vectors."""
    pem = (history.FOLDER / "identities" / f"{name}.{DEPARTMENTS[msp_id]}.test.pem").read_bytes()
    return Identity(msp_id, pem).serialized()


def user(msp_id: str) -> bytes:
    """Return a client of a department."""
    path = history.FOLDER / "identities" / f"user1@{DEPARTMENTS[msp_id]}.test.pem"
    return Identity(msp_id, path.read_bytes()).serialized()


async def alone(payload: bytes) -> bytes:
    """Fail: there is no other chaincode to call."""
    raise ContractError("no chaincode is called here")


class PrivateHistory:
    """The channel so far, and each department's private data. Close it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledgers = Channels(folder / "channels")
        self.ledger: Channel = self.ledgers.create(history.ordered(0))
        self.peers: dict[str, PrivateData] = {}
        self.simulated = 0
        self.private = history.load("private-rwsets.json")
        for msp_id in DEPARTMENTS:
            self.open(msp_id)

    def close(self) -> None:
        for peer in self.peers.values():
            peer.store.close()
        self.ledgers.close()

    def open(self, msp_id: str, name: str = "private") -> None:
        """Open the file of a department's peer (again)."""
        if msp_id in self.peers:
            self.peers[msp_id].store.close()
        self.peers[msp_id] = PrivateData(
            PrivateStore(self.folder / msp_id / f"{name}.db"),
            self.ledger,
            identity("peer0", msp_id),
            msp_id,
            self.peers.values(),
        )

    async def run(self, *, crashing: bool = False) -> None:
        """Endorse, order and commit every block; with `crashing`, no peer sees a commit end."""
        for number in range(1, history.HEIGHT):
            self._endorse(number)
            block = await self.ledger.commit(history.ordered(number))
            for msp_id in DEPARTMENTS:
                if crashing:
                    self.open(msp_id)
                    recover(self.peers[msp_id])
                else:
                    settle(self.peers[msp_id], number, block.transactions)

    def context(
        self, msp_id: str, reader: Any, *, creator: str | None = None, transaction_id: str = "tx"
    ) -> TransactionContext:
        """Return a transaction of a department's client, on its peer."""
        view = PrivateView(self.peers[msp_id], reader, self.ledger.height)
        simulation = PrivateSimulation(reader, transaction_id, view)
        access = CollectionAccess(
            self.ledger.config, CHAINCODE, msp_id, user(creator or msp_id), simulation
        )
        signed = proposal_pb2.SignedProposal()
        return TransactionContext(
            CHAINCODE, CHANNEL, transaction_id, signed, NOW, simulation, reader, access, alone
        )

    def shown(self, msp_id: str) -> dict[str, dict[str, list[Any]]]:
        """Return what a department's peer keeps, in the form of private-rwsets.json."""
        found: dict[str, dict[str, list[Any]]] = {}
        for number in range(history.HEIGHT):
            for position, one in in_block(self.peers[msp_id], number):
                by_place = found.setdefault(str(number), {}).setdefault(str(position), [])
                by_place.append((one.namespace, one.collection, one.data.hex()))
        return found

    def expected(self, msp_id: str) -> dict[str, dict[str, list[Any]]]:
        """Return what the real peer showed."""
        return {
            number: {
                position: [
                    (namespace["namespace"], one["name"], one["rwset_hex"])
                    for namespace in namespaces
                    for one in namespace["collections"]
                ]
                for position, namespaces in by_position.items()
            }
            for number, by_position in self.private[msp_id].items()
        }

    def _endorse(self, number: int) -> None:
        transactions = history.decoded()[number]["transactions"]
        for position, decoded in enumerate(transactions):
            version = Version(number, position)
            for msp_id in DEPARTMENTS:
                self._keep_approvals(msp_id, version, decoded)
            if _is_private(decoded):
                self._simulate(version, decoded)

    def _keep_approvals(self, msp_id: str, version: Version, decoded: Any) -> None:
        shown = self.private[msp_id].get(str(version.block), {}).get(str(version.transaction), ())
        approvals = [
            CollectionWrites("_lifecycle", one["name"], bytes.fromhex(one["rwset_hex"]))
            for namespace in shown
            for one in namespace["collections"]
            if namespace["namespace"] == "_lifecycle"
        ]
        if approvals:
            self.peers[msp_id].store.keep(CHANNEL, decoded["tx_id"], approvals, version.block)

    def _simulate(self, version: Version, decoded: Any) -> None:
        """Simulate as each endorser did, and compare with what it signed."""
        number, position = version
        [action] = decoded["actions"]
        results = history.results(history.blocks()[number].data.data[position])
        for endorser in action["endorsers"]:
            msp_id = endorser["mspid"]
            with self.ledger.snapshot() as reader:
                running = self.context(
                    msp_id,
                    reader,
                    creator=decoded["creator"]["mspid"],
                    transaction_id=decoded["tx_id"],
                )
                _run(running, decoded)
                assert running.simulation.read_write_set() == results, decoded["label"]
            private = running.simulation.private_write_set()
            if private:
                distribute(self.peers[msp_id], decoded["tx_id"], private, number, keep=True)
        self.simulated += 1


def _is_private(decoded: Any) -> bool:
    return any(
        namespace["namespace"] == CHAINCODE and namespace.get("collections")
        for action in decoded.get("actions", [])
        for namespace in action.get("rwset", {}).get("namespaces", [])
    )


def _run(running: TransactionContext, decoded: Any) -> None:
    function, *rest = [one["text"] for one in decoded["actions"][0]["args"]]
    for kind, request in _requests(function, rest, VALUES.get(decoded["label"], b"")):
        running.answer(kind, request.SerializeToString())


def _requests(function: str, arguments: list[str], value: bytes) -> Iterator[tuple[int, Any]]:
    collection, key = arguments
    if function == "pput":
        request = chaincode_shim_pb2.PutState(collection=collection, key=key, value=value)
        yield Kind.PUT_STATE, request
    elif function == "phash":
        request = chaincode_shim_pb2.GetState(collection=collection, key=key)
        yield Kind.GET_PRIVATE_DATA_HASH, request
    else:
        kind = {"pdel": Kind.DEL_STATE, "ppurge": Kind.PURGE_PRIVATE_DATA}[function]
        yield kind, chaincode_shim_pb2.DelState(collection=collection, key=key)
