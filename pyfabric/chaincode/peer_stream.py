"""One peer's stream: it reads messages, runs transactions side by side, and writes one message at a time."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from queue import SimpleQueue

from pyfabric._grpc.http2 import WriteCoalescing
from pyfabric._grpc.stream_server import ServerCall
from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.invocation import ERROR, OK, Invocation, Result
from pyfabric.chaincode.machine import Action, Begin, Deliver, End, Key, Machine, Phase, Send, Type
from pyfabric.chaincode.metrics import ContractCounts
from pyfabric.chaincode.workers import Workers
from pyfabric.client.tracing import Tracer
from pyfabric.errors import StateError, StatusCode


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How long a peer may take: `registration` for its side of it, `answer` for a request; in seconds.

    A peer fails a transaction itself after 30 seconds (chaincode.executetimeout in core.yaml of Fabric), and
    whatever it has not answered by then it never will. Requests are looked at six times in that time.
    """

    registration: float = 10.0
    answer: float = 30.0


_CHECKS = 6
_STOPPING = Result(ERROR, "the contract's server is stopping", b"", None)


class PeerStream:
    """Serves a chaincode on one call of a peer. All of it runs on the loop, except contracts that block."""

    def __init__(
        self,
        chaincode: Chaincode,
        package_id: str,
        workers: Workers,
        counts: ContractCounts,
        tracer: Tracer | None,
        call: ServerCall,
        peer_msp_id: str | None,
        limits: StreamLimits,
    ) -> None:
        self._chaincode = chaincode
        self._package_id = package_id
        self._workers = workers
        self._counts = counts
        self._tracer = tracer
        self._call = call
        self._started: dict[Key, float] = {}
        self._machine = Machine(package_id, peer_msp_id)
        self._coalescing = WriteCoalescing()
        self._loop = asyncio.get_running_loop()
        self._inbox = _Inbox(self._loop)
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self._limits = limits
        self._check_timer: asyncio.TimerHandle | None = None
        self._registration_timer = self._loop.call_later(limits.registration, self._not_registered)
        self._counts.stream_opened()
        self._perform(self._machine.open())

    def receive(self, message: bytes) -> None:
        """Handle a message of the peer."""
        self._perform(self._machine.receive(message))

    def drain(self) -> None:
        """Take no more transactions, and finish the call when those that run are completed."""
        self._draining = True
        self._end_if_drained()

    def closed(self) -> None:
        """Report to what still runs that the call has ended."""
        self._registration_timer.cancel()
        if self._check_timer is not None:
            self._check_timer.cancel()
        self._counts.stream_closed()
        self._perform(self._machine.close())
        for task in self._tasks:
            task.cancel()

    def _not_registered(self) -> None:
        if self._machine.phase is not Phase.READY:
            seconds = self._limits.registration
            text = f"the peer did not complete the registration within {seconds:g} seconds"
            self._call.end(StatusCode.DEADLINE_EXCEEDED, text)

    def _check(self) -> None:
        """Fail the transactions whose requests the peer does not answer; again, while any runs."""
        self._check_timer = None
        failure = f"the peer did not answer a request within {self._limits.answer:g} seconds"
        self._perform(self._machine.check(_CHECKS, failure))
        if self._machine.running:
            self._check_later()

    def _check_later(self) -> None:
        if self._check_timer is None:
            self._check_timer = self._loop.call_later(self._limits.answer / _CHECKS, self._check)

    def _end_if_drained(self) -> None:
        if self._draining and not self._machine.running:
            self._call.end()

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Send(message):
                    self._send(message)
                case Deliver(waiter, payload, error):
                    waiter.deliver(payload, error)
                case Begin(key, invocation):
                    self._begin(key, invocation)
                case End():
                    self._call.end()

    def _send(self, message: bytes) -> None:
        self._call.send(message, coalesce=self._coalescing.pays(self._machine.running))

    def _begin(self, key: Key, invocation: Invocation) -> None:
        self._started[key] = time.perf_counter()
        self._counts.received()
        self._check_later()
        if self._draining:
            self._finish(key, _STOPPING)
        elif self._chaincode.is_async(invocation):
            task = self._loop.create_task(self._run_async(key, invocation))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._workers.submit(lambda: self._run(key, invocation))

    def _finish(self, key: Key, result: Result) -> None:
        seconds = time.perf_counter() - self._started.pop(key)
        self._counts.completed(seconds, success=result.status == OK)
        self._perform(self._machine.finish(key, result))
        self._end_if_drained()

    def _ask(self, key: Key, waiter: "_Thread | _Coroutine", kind: Type, payload: bytes) -> None:
        self._perform(self._machine.ask(key, waiter, kind, payload))

    def _run(self, key: Key, invocation: Invocation) -> None:
        """Run a transaction of a blocking contract, in a thread of its own."""
        thread = _Thread()

        def exchange(kind: Type, payload: bytes) -> bytes:
            self._inbox.put(lambda: self._ask(key, thread, kind, payload))
            return thread.wait()

        with self._span(invocation):
            result = self._chaincode.run(invocation, exchange)
        self._inbox.put(lambda: self._finish(key, result))

    async def _run_async(self, key: Key, invocation: Invocation) -> None:
        """Run a transaction of an asynchronous contract, as a task."""

        async def exchange(kind: Type, payload: bytes) -> bytes:
            waiter = _Coroutine(self._loop.create_future())
            self._ask(key, waiter, kind, payload)
            return await waiter.answer

        with self._span(invocation):
            result = await self._chaincode.run_async(invocation, exchange)
        self._finish(key, result)

    def _span(self, invocation: Invocation) -> AbstractContextManager[str | None]:
        if self._tracer is None:
            return nullcontext()
        function = self._chaincode.function_name(invocation)
        attributes = {
            "fabric.package_id": self._package_id,
            "fabric.channel": invocation.channel_id,
            "fabric.transaction_id": invocation.transaction_id,
            "fabric.function": function,
        }
        return self._tracer.span(f"contract {function}", attributes, None)


class _Inbox:
    """Jobs of threads for the loop, which many jobs at once wake only once."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._jobs: deque[Callable[[], None]] = deque()
        self._woken = False

    def put(self, job: Callable[[], None]) -> None:
        """Add a job that the loop does after those before it; nothing happens once the loop is closed."""
        self._jobs.append(job)
        if not self._woken and not self._loop.is_closed():
            self._woken = True
            self._loop.call_soon_threadsafe(self._work)

    def _work(self) -> None:
        # Before the jobs: what a thread adds later must wake the loop again.
        self._woken = False
        while self._jobs:
            self._jobs.popleft()()


@dataclass(frozen=True, slots=True)
class _Thread:
    """A thread that waits for the response to its request."""

    answers: SimpleQueue[tuple[bytes, str | None]] = field(default_factory=SimpleQueue)

    def deliver(self, payload: bytes, error: str | None) -> None:
        self.answers.put((payload, error))

    def wait(self) -> bytes:
        payload, error = self.answers.get()
        if error is not None:
            raise StateError(error)
        return payload


@dataclass(frozen=True, slots=True)
class _Coroutine:
    """A coroutine that waits for the response to its request."""

    answer: asyncio.Future[bytes]

    def deliver(self, payload: bytes, error: str | None) -> None:
        if self.answer.done():
            return
        if error is None:
            self.answer.set_result(payload)
        else:
            self.answer.set_exception(StateError(error))
