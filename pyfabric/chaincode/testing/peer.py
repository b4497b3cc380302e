"""An organisation's peer in memory: runs chaincodes in one transaction, and handles their requests."""

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TypeAlias

from fabric_protos.peer import chaincode_shim_pb2 as shim
from fabric_protos.peer import proposal_response_pb2

from pyfabric.chaincode.client import ClientIdentity
from pyfabric.chaincode.invocation import Invocation, Result
from pyfabric.chaincode.results import Response
from pyfabric.chaincode.testing.calling import call
from pyfabric.chaincode.testing.channel import Channel
from pyfabric.chaincode.testing.determinism import DeterminismGuard
from pyfabric.chaincode.testing.second_run import SECOND_RUNS, Outcome, Run
from pyfabric.errors import ContractError, FabricError, StateError
from pyfabric.messages.lifecycle import LIFECYCLE, NAMESPACES, SEQUENCE, field_key
from pyfabric.rules.access import unknown_channel
from pyfabric.rules.requests.collection_access import CollectionAccess
from pyfabric.rules.requests.handler import RequestHandler, refusal
from pyfabric.rules.requests.invocations import (
    CalledChaincode,
    already_running,
    check_initialization,
    failed_call,
    not_defined,
    not_runnable,
    not_sent,
    read_call,
)
from pyfabric.rules.state.private_simulation import PrivateSimulation

Type = shim.ChaincodeMessage.Type


Play: TypeAlias = Callable[[Channel, str, Sequence[bytes]], Response]


class _Played:
    """Calls of the functions that play chaincodes: a second run gets the answers of the first."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str, tuple[bytes, ...]], deque[Response]] = defaultdict(
            deque
        )

    def call(self, channel: Channel, key: str, arguments: Sequence[bytes]) -> Response:
        response = channel.functions[key](tuple(arguments))
        self._of(channel, key, arguments).append(response)
        return response

    def again(self, channel: Channel, key: str, arguments: Sequence[bytes]) -> Response:
        answers = self._of(channel, key, arguments)
        if not answers:
            raise ContractError(f"the first run did not call {key} with these arguments")
        return answers.popleft()

    def _of(self, channel: Channel, key: str, arguments: Sequence[bytes]) -> deque[Response]:
        return self._answers[(channel.members.channel_id, key, tuple(arguments))]


class SimulatedPeer:
    """Runs the chaincodes of one transaction, as a peer with a LevelDB state database does.

    `msp_id` is the peer's organisation. Contract code is watched by `guard`, if there is one; `run` runs
    it, `play` calls a function that plays a chaincode.
    """

    def __init__(
        self,
        channel: Channel,
        msp_id: str,
        invocation: Invocation,
        guard: DeterminismGuard | None,
        running: set[tuple[str, str]] | None = None,
        run: Run = call,
        play: Play | None = None,
    ) -> None:
        transaction_id = invocation.transaction_id
        self.simulation = PrivateSimulation(
            channel.state, transaction_id, channel.private.view(msp_id)
        )
        self._channel = channel
        self._msp_id = msp_id
        self._invocation = invocation
        self._guard = guard
        self._running = set() if running is None else running
        self._run_code = run
        self._played = _Played()
        self._play = play or self._played.call

    def outcome(self, result: Result) -> Outcome:
        """Return what the peers must agree on after `execute` has come to this result."""
        return Outcome(result, self.simulation.read_write_set())

    def again(self) -> "SimulatedPeer":
        """Return a peer for the second run of the same transaction, in another process."""
        return SimulatedPeer(
            self._channel,
            self._msp_id,
            self._invocation,
            None,
            run=SECOND_RUNS.run,
            play=self._played.again,
        )

    def execute(self, name: str, arguments: Sequence[bytes], *, is_init: bool = False) -> Result:
        """Run a chaincode of the channel; raises ContractError where a peer does not start it."""
        channel, channel_id = self._channel, self._channel.members.channel_id
        self.simulation.get_state(LIFECYCLE, field_key(NAMESPACES, name, SEQUENCE))
        if name not in channel.chaincodes:
            raise not_runnable(channel_id, name, not_defined(name))
        kind = check_initialization(
            name, channel.definitions[name].endorsement, self.simulation, is_init=is_init
        )
        place = (channel_id, name)
        if place in self._running:
            raise not_sent(already_running(self._invocation.transaction_id, channel_id))
        access = CollectionAccess(
            channel.members,
            name,
            self._msp_id,
            self._invocation.creator,
            self.simulation,
            initializing=kind == Type.INIT,
        )
        handler = RequestHandler(name, self.simulation, channel.history, access)
        self._running.add(place)
        try:
            return self._run(name, arguments, handler, is_init=is_init)
        finally:
            self._running.remove(place)

    def _run(
        self, name: str, arguments: Sequence[bytes], handler: RequestHandler, *, is_init: bool
    ) -> Result:
        chaincode = self._channel.chaincodes[name]
        invocation = replace(
            self._invocation,
            channel_id=self._channel.members.channel_id,
            arguments=tuple(arguments),
            is_init=is_init,
            peer_msp_id=self._msp_id,
        )

        def answer(kind: Type, payload: bytes) -> bytes:
            with self._paused():
                return self._answer(handler, kind, payload)

        with self._watching():
            return self._run_code(chaincode, invocation, answer)

    def _answer(self, handler: RequestHandler, kind: Type, payload: bytes) -> bytes:
        """Return the payload of a RESPONSE; raises StateError where a peer sends ERROR."""
        try:
            if kind == Type.INVOKE_CHAINCODE:
                return self._invoke(payload)
            return handler.answer(kind, payload)
        except FabricError as error:
            raise StateError(refusal(kind, self._invocation.transaction_id, error)) from error

    def _invoke(self, payload: bytes) -> bytes:
        own = self._channel.members.channel_id
        called = read_call(payload, own)
        key = called.name if called.channel_id == own else f"{called.name}/{called.channel_id}"
        response: Response | Result
        if key in self._channel.functions:
            response = self._play(self._channel, key, called.arguments.args)
        else:
            response = self._execute_called(called)
        return shim.ChaincodeMessage(
            type=Type.COMPLETED,
            payload=proposal_response_pb2.Response(
                status=response.status, message=response.message, payload=response.payload
            ).SerializeToString(),
            txid=self._invocation.transaction_id,
            channel_id=called.channel_id,
        ).SerializeToString()

    def _execute_called(self, called: CalledChaincode) -> Result:
        own = called.channel_id == self._channel.members.channel_id
        peer = self if own else self._elsewhere(called)
        try:
            return peer.execute(
                called.name, called.arguments.args, is_init=called.arguments.is_init
            )
        except ContractError as error:
            raise failed_call(error) from error

    def _elsewhere(self, called: CalledChaincode) -> "SimulatedPeer":
        """Return this peer on another channel, if it is there and the creator may write there."""
        channel_id, creator = called.channel_id, self._invocation.creator
        channel = self._channel.others.get(channel_id)
        if channel is None:
            if any(key.endswith(f"/{channel_id}") for key in self._channel.functions):
                raise failed_call(not_runnable(channel_id, called.name, not_defined(called.name)))
            raise unknown_channel(channel_id)
        if not channel.members.admits(self._msp_id):
            raise unknown_channel(channel_id)
        channel.members.admits(ClientIdentity(creator).msp_id)
        channel.members.check_writer(creator)
        return SimulatedPeer(
            channel,
            self._msp_id,
            self._invocation,
            self._guard,
            self._running,
            self._run_code,
            self._play,
        )

    def _watching(self) -> AbstractContextManager[None]:
        return nullcontext() if self._guard is None else self._guard.watching()

    def _paused(self) -> AbstractContextManager[None]:
        return nullcontext() if self._guard is None else self._guard.paused()
