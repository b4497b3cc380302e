"""One peer's stream: reads messages, runs transactions side by side, writes one message at a time."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from queue import SimpleQueue

from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.invocation import ERROR, OK, Invocation, Result
from pyfabric.chaincode.machine import Action, Begin, Deliver, End, Key, Machine, Send, Type
from pyfabric.chaincode.metrics import ContractMetrics
from pyfabric.chaincode.workers import Workers
from pyfabric.core.tracing import Tracer
from pyfabric.errors import StateError

_STOPPING = Result(ERROR, "the contract's server is stopping", b"", None)


class Session:
    """Serves a chaincode on one stream. All of it runs on the loop, except contracts that block."""

    def __init__(
        self,
        chaincode: Chaincode,
        package_id: str,
        workers: Workers,
        metrics: ContractMetrics,
        tracer: Tracer | None,
    ) -> None:
        self._chaincode = chaincode
        self._package_id = package_id
        self._metrics = metrics
        self._tracer = tracer
        self._started: dict[Key, float] = {}
        self._machine = Machine(package_id)
        self._workers = workers
        self._loop = asyncio.get_running_loop()
        self._outbox: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self._ended = False

    async def serve(self, incoming: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """The messages to send, in order, until the peer leaves or `drain` is done."""
        reader = asyncio.ensure_future(self._read(incoming))
        self._perform(self._machine.open())
        try:
            while not self._is_over():
                await self._changed.wait()
                self._changed.clear()
                while self._outbox:
                    yield self._outbox.popleft()
        finally:
            reader.cancel()
            self._perform(self._machine.close())
            for task in self._tasks:
                task.cancel()

    def drain(self) -> None:
        """Take no more transactions, and end the stream when those that run are answered."""
        self._draining = True
        self._changed.set()

    def _is_over(self) -> bool:
        return not self._outbox and (self._ended or (self._draining and self._machine.is_idle))

    async def _read(self, incoming: AsyncIterator[bytes]) -> None:
        try:
            async for data in incoming:
                self._perform(self._machine.receive(data))
        finally:
            self._end()

    def _end(self) -> None:
        self._ended = True
        self._changed.set()

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Send(message):
                    self._outbox.append(message)
                    self._changed.set()
                case Deliver(waiter, payload, error):
                    waiter.deliver(payload, error)
                case Begin(key, invocation):
                    self._begin(key, invocation)
                case End():
                    self._end()

    def _begin(self, key: Key, invocation: Invocation) -> None:
        self._started[key] = time.perf_counter()
        self._metrics.received.add(self._package_id)
        if self._draining:
            self._finish(key, _STOPPING)
        elif self._chaincode.is_async(invocation):
            task = self._loop.create_task(self._run_async(key, invocation))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._workers.submit(lambda: self._run(key, invocation))

    def _finish(self, key: Key, result: Result) -> None:
        labels = (self._package_id, "true" if result.status == OK else "false")
        self._metrics.completed.add(*labels)
        self._metrics.duration.observe(time.perf_counter() - self._started.pop(key), *labels)
        self._perform(self._machine.finish(key, result))
        self._changed.set()

    def _ask(self, key: Key, waiter: "_Thread | _Coroutine", kind: Type, payload: bytes) -> None:
        self._perform(self._machine.ask(key, waiter, kind, payload))

    def _run(self, key: Key, invocation: Invocation) -> None:
        """A transaction of a blocking contract, in a thread of its own."""
        thread = _Thread()

        def exchange(kind: Type, payload: bytes) -> bytes:
            self._loop.call_soon_threadsafe(self._ask, key, thread, kind, payload)
            return thread.wait()

        with self._span(invocation):
            result = self._chaincode.run(invocation, exchange)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._finish, key, result)

    async def _run_async(self, key: Key, invocation: Invocation) -> None:
        """A transaction of an asynchronous contract, as a task."""

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


@dataclass(frozen=True, slots=True)
class _Thread:
    """A thread that waits for the answer to its request."""

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
    """A coroutine that waits for the answer to its request."""

    answer: asyncio.Future[bytes]

    def deliver(self, payload: bytes, error: str | None) -> None:
        if self.answer.done():
            return
        if error is None:
            self.answer.set_result(payload)
        else:
            self.answer.set_exception(StateError(error))
