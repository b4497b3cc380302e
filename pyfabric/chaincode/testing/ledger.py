"""A ledger in memory for tests of contracts: endorse, order, validate, commit, with Fabric's rules."""

import hashlib
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any, ClassVar, NamedTuple

from fabric_protos.common import common_pb2
from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_pb2, chaincode_shim_pb2, proposal_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.conversion import encode_value
from pyfabric.chaincode.invocation import OK, Event, Invocation, Result
from pyfabric.chaincode.stub import Exchange
from pyfabric.chaincode.testing.determinism import DeterminismGuard
from pyfabric.chaincode.testing.identities import identity
from pyfabric.chaincode.testing.peer import Callee, Channel, SimulatedPeer, Type
from pyfabric.errors import CommitError, ContractError, ValidationCode
from pyfabric.identity.signing import Identity
from pyfabric.rules.state.memory import MemoryState
from pyfabric.rules.state.mvcc import validate
from pyfabric.rules.state.rwset import NamespaceSet, decode_read_write_set
from pyfabric.rules.state.simulation import Simulation
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import Version

_BATCH = 100


@dataclass(frozen=True, slots=True)
class Endorsement:
    """A transaction that ran and is not yet ordered: its result, and what it read and writes."""

    transaction_id: str
    result: bytes
    event: Event | None
    read_write_set: bytes
    timestamp: datetime


class CommittedEvent(NamedTuple):
    """An event of a committed transaction."""

    name: str
    payload: bytes
    transaction_id: str
    block_number: int


class TestLedger:
    """A chaincode on a channel of its own.

    `submit` commits each transaction in a block of its own; `endorse` and `commit` apart show what
    happens to transactions that ran side by side. `now` is the time of the next proposals, and stands
    still until it is set. `events` holds the events of committed transactions. `callees` stand for other
    chaincodes, by "name" or "name/channel". A contract that asks the clock, chance or the network, itself
    or through a library, raises DeterminismError; `guard` False lets it.
    """

    __test__: ClassVar[bool] = False

    def __init__(
        self,
        chaincode: Chaincode,
        *,
        channel: str = "channel",
        name: str = "chaincode",
        now: datetime = datetime(2026, 1, 1, tzinfo=UTC),
        callees: Mapping[str, Callee] | None = None,
        guard: bool = True,
    ) -> None:
        self.now = now
        self.events: list[CommittedEvent] = []
        self.height = 1
        self._chaincode = chaincode
        self._channel = channel
        self._name = name
        self._state = MemoryState()
        self._past: dict[str, list[kv_query_result_pb2.KeyModification]] = {}
        self._found = Channel(self._state, self._past, callees or {})
        self._guard = guard
        self._proposals = 0
        self._default_client = identity("Org1MSP")

    def submit(
        self,
        function: str,
        *arguments: object,
        as_: Identity | None = None,
        at: datetime | None = None,
        transient: Mapping[str, bytes] | None = None,
    ) -> bytes:
        """Run a function and commit what it writes; the answer is its result.

        Arguments that are not bytes or text are written as a client would write them. Raises
        ContractError with the contract's refusal.
        """
        endorsement = self.endorse(function, *arguments, as_=as_, at=at, transient=transient)
        (code,) = self.commit([endorsement])
        if code is not ValidationCode.VALID:
            raise CommitError(
                transaction_id=endorsement.transaction_id,
                code=code,
                block_number=self.height - 1,
            )
        return endorsement.result

    def evaluate(
        self,
        function: str,
        *arguments: object,
        as_: Identity | None = None,
        at: datetime | None = None,
        transient: Mapping[str, bytes] | None = None,
    ) -> bytes:
        """Run a function; what it writes is lost. Raises ContractError with its refusal."""
        return self.endorse(function, *arguments, as_=as_, at=at, transient=transient).result

    def endorse(
        self,
        function: str,
        *arguments: object,
        as_: Identity | None = None,
        at: datetime | None = None,
        transient: Mapping[str, bytes] | None = None,
    ) -> Endorsement:
        """Run a function on the state as it is; nothing is written until `commit`."""
        invocation = self._invocation(
            (function, *arguments),
            creator=(as_ or self._default_client).serialized(),
            at=at or self.now,
            transient=transient or {},
        )
        simulation = Simulation(self._state, invocation.transaction_id)
        peer = SimulatedPeer(self._found, simulation, self._name, invocation.transaction_id)
        result = self._run(invocation, peer)
        if result.status != OK:
            raise ContractError(result.message)
        return Endorsement(
            invocation.transaction_id,
            result.payload,
            result.event,
            simulation.read_write_set(),
            invocation.timestamp,
        )

    def commit(self, endorsements: Sequence[Endorsement]) -> list[ValidationCode]:
        """Commit transactions in this order, in one block: what each came to."""
        updates = Updates()
        codes = []
        for index, endorsement in enumerate(endorsements):
            namespaces = decode_read_write_set(endorsement.read_write_set)
            code = validate(namespaces, self._state, updates)
            if code is ValidationCode.VALID:
                updates.apply(namespaces, Version(self.height, index), self._state)
                self._emit(endorsement)
                self._remember(endorsement, namespaces)
            codes.append(code)
        self._state.commit(updates)
        self.height += 1
        return codes

    def state(self, key: str) -> bytes | None:
        """The committed value of a key."""
        found = self._state.get(self._name, key)
        return None if found is None else found.value

    def keys(self) -> list[str]:
        """All keys of the chaincode, composite ones too."""
        return [key for key, _ in self._state.range(self._name, "", "")]

    def _run(self, invocation: Invocation, peer: SimulatedPeer) -> Result:
        if not self._guard:
            return self._call(invocation, peer.answer)
        guard = DeterminismGuard()

        def answer(kind: Type, payload: bytes) -> bytes:
            with guard.paused():
                return peer.answer(kind, payload)

        with guard.watching():
            result = self._call(invocation, answer)
        if guard.violation is not None:
            raise guard.violation
        return result

    def _call(self, invocation: Invocation, answer: Exchange) -> Result:
        if not self._chaincode.is_async(invocation):
            return self._chaincode.run(invocation, answer)

        async def answer_async(kind: Type, payload: bytes) -> bytes:
            return answer(kind, payload)

        return _finish(self._chaincode.run_async(invocation, answer_async))

    def _emit(self, endorsement: Endorsement) -> None:
        if endorsement.event is not None:
            self.events.append(
                CommittedEvent(*endorsement.event, endorsement.transaction_id, self.height)
            )

    def _remember(self, endorsement: Endorsement, namespaces: Sequence[NamespaceSet]) -> None:
        """Keep what a valid transaction wrote, for the history of each key."""
        stamp = Timestamp()
        stamp.FromDatetime(endorsement.timestamp)
        own = (each.public.writes for each in namespaces if each.namespace == self._name)
        for write in chain.from_iterable(own):
            self._past.setdefault(write.key, []).append(
                kv_query_result_pb2.KeyModification(
                    tx_id=endorsement.transaction_id,
                    value=write.value,
                    is_delete=write.is_delete or not write.value,
                    timestamp=stamp,
                )
            )

    def _invocation(
        self,
        call: Sequence[object],
        *,
        creator: bytes,
        at: datetime,
        transient: Mapping[str, bytes],
    ) -> Invocation:
        self._proposals += 1
        nonce = self._proposals.to_bytes(24, "big")
        transaction_id = hashlib.sha256(nonce + creator).hexdigest()
        arguments = [encode_value(each) for each in call]
        proposal = _proposal(self._channel, transaction_id, nonce, creator, at, transient)
        return Invocation.from_message(
            chaincode_shim_pb2.ChaincodeMessage(
                type=chaincode_shim_pb2.ChaincodeMessage.TRANSACTION,
                channel_id=self._channel,
                txid=transaction_id,
                payload=chaincode_pb2.ChaincodeInput(args=arguments).SerializeToString(),
                proposal=proposal_pb2.SignedProposal(
                    proposal_bytes=proposal.SerializeToString(), signature=b"signature"
                ),
            ),
            multiple_reads=_BATCH,
            write_batch=_BATCH,
        )


def _proposal(
    channel: str,
    transaction_id: str,
    nonce: bytes,
    creator: bytes,
    at: datetime,
    transient: Mapping[str, bytes],
) -> proposal_pb2.Proposal:
    stamp = Timestamp()
    stamp.FromDatetime(at.astimezone(UTC))
    channel_header = common_pb2.ChannelHeader(
        type=common_pb2.ENDORSER_TRANSACTION,
        channel_id=channel,
        tx_id=transaction_id,
        timestamp=stamp,
    )
    signature_header = common_pb2.SignatureHeader(creator=creator, nonce=nonce)
    header = common_pb2.Header(
        channel_header=channel_header.SerializeToString(),
        signature_header=signature_header.SerializeToString(),
    )
    payload = proposal_pb2.ChaincodeProposalPayload(TransientMap=transient)
    return proposal_pb2.Proposal(
        header=header.SerializeToString(), payload=payload.SerializeToString()
    )


def _finish(run: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine whose every request is answered at once, and which may wait for nothing else."""
    try:
        run.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    run.close()
    raise ContractError("an asynchronous contract awaited something other than its stub")
