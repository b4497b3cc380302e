"""Streams of gRPC messages on an HTTP/2 connection, over asyncio and h2: what both sides share.

For many small messages at once: all that one read brings is handled in one go, and all that is to be
sent leaves in one write. grpcio wakes the event loop for every message, in either direction.
Source: gRPC over HTTP2 (PROTOCOL-HTTP2.md of gRPC), RFC 9113. Compressed messages are refused.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from typing import Final, cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, Event, WindowUpdated
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from pyfabric._grpc.frame_allowance import FrameAllowance
from pyfabric._grpc.limits import MAX_MESSAGE
from pyfabric.errors import StatusCode

_WINDOW: Final = 4 * 1024 * 1024
_PREFIX_LENGTH: Final = 5
_COALESCING_DELAY: Final = 0.001
_COALESCING_FROM: Final = 5
_COALESCING_LASTS: Final = 0.1
SHUTDOWN_SECONDS: Final = 1.0
_SLICE: Final = 32 * 1024


class WriteCoalescing:
    """Decides when the writes of a stream are delayed, so that several leave together.

    Where many transactions run at once, the delay makes none of them end later, and fewer and larger
    writes cost both sides less; where few run, each would wait for nothing. The decision lasts for 0.1
    seconds after the last time that many ran.
    """

    def __init__(self) -> None:
        self._now = asyncio.get_running_loop().time
        self._until = 0.0

    def pays(self, running: int) -> bool:
        """Return whether to delay a write while this number of transactions runs on the stream."""
        now = self._now()
        if running >= _COALESCING_FROM:
            self._until = now + _COALESCING_LASTS
        return now < self._until


class MessageError(Exception):
    """A message that is refused, with the status with which the call ends."""

    def __init__(self, status: StatusCode, text: str) -> None:
        super().__init__(text)
        self.status = status


class Incoming:
    """The bytes received on a stream, and the messages in them."""

    def __init__(self) -> None:
        self._held = bytearray()

    def __len__(self) -> int:
        return len(self._held)

    def feed(self, data: bytes, receiver: Callable[[], Callable[[bytes], None] | None]) -> int:
        """Hand over the messages that are complete with these bytes; raises MessageError.

        `receiver` returns who receives the next message, or None while nobody does: what is left is
        then kept. Returns how many messages were handed over.
        """
        self._held += data
        count = 0
        while (receive := receiver()) is not None:
            message = self._take()
            if message is None:
                break
            receive(message)
            count += 1
        return count

    def _take(self) -> bytes | None:
        if len(self._held) < _PREFIX_LENGTH:
            return None
        size = int.from_bytes(self._held[1:_PREFIX_LENGTH], "big")
        if self._held[0]:
            raise MessageError(StatusCode.UNIMPLEMENTED, "compressed messages are not supported")
        if size > MAX_MESSAGE:
            text = f"grpc: received message larger than max ({size} vs. {MAX_MESSAGE})"
            raise MessageError(StatusCode.RESOURCE_EXHAUSTED, text)
        end = _PREFIX_LENGTH + size
        if len(self._held) < end:
            return None
        message = _copy(self._held, _PREFIX_LENGTH, end)
        del self._held[:end]
        return message


class Outgoing:
    """The messages of a stream that were not written yet."""

    def __init__(self) -> None:
        self._held = bytearray()

    def __len__(self) -> int:
        return len(self._held)

    def add(self, message: bytes) -> None:
        """Append a message."""
        self._held += len(message).to_bytes(_PREFIX_LENGTH, "big")
        self._held += message

    def write(self, http2: H2Connection, stream_id: int) -> bool:
        """Write what the other side's windows take; returns whether that was all."""
        while self._held:
            window = http2.local_flow_control_window(stream_id)
            size = min(window, http2.max_outbound_frame_size)
            if size <= 0:
                return False
            http2.send_data(stream_id, _copy(self._held, 0, size))
            del self._held[:size]
        return True


def _copy(buffer: bytearray, start: int, end: int) -> bytes:
    with memoryview(buffer) as view:
        return bytes(view[start:end])


class Connection(asyncio.Protocol):
    """One connection. `write_streams` writes for all streams that asked for it at once.

    `waiting` is how many bytes of messages the other side has not taken, `moved` when it last took
    some. A side that sends many frames which carry nothing is disconnected: see `frame_allowance`.
    """

    _transport: asyncio.Transport

    def __init__(self, *, client_side: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._flush_handle: asyncio.Handle | None = None
        self._coalescing = False
        self._closing_timer: asyncio.TimerHandle | None = None
        self.allowance = FrameAllowance(self._loop.time, preface=not client_side)
        self.is_paused = False
        self.waiting = 0
        self.moved = self._loop.time()
        self.http2 = H2Connection(H2Configuration(client_side=client_side, header_encoding=None))

    @abstractmethod
    def handle(self, event: Event) -> None:
        """Handle an event of HTTP/2."""

    @abstractmethod
    def write_streams(self) -> int:
        """Hand to h2 what the streams have to send; returns how many bytes still wait."""

    def refused(self, reason: str) -> None:
        """Handle that the other side was disconnected for what it sent, or did not take."""

    def taken(self) -> None:
        """Handle that the other side has taken some of what waited."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self.http2.initiate_connection()
        self.http2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: _WINDOW})
        self.http2.increment_flow_control_window(_WINDOW)
        self.flush_soon()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        urgent = False
        # In slices, so that the messages of one pay for the frames of the next.
        for start in range(0, len(data), _SLICE):
            if self._transport.is_closing():
                return
            urgent = self._receive(data[start : start + _SLICE]) or urgent
        # Frames of HTTP/2 itself may wait; what a larger window lets go may not.
        self.flush_soon(coalesce=not urgent)

    def _receive(self, data: bytes) -> bool:
        """Handle what some bytes bring; returns whether a larger window is among it."""
        if not self.allowance.takes(data):
            self.refuse("too many frames that carry nothing")
            return False
        try:
            events = self.http2.receive_data(data)
        except ProtocolError:
            self.close()
            return False
        for event in events:
            self.handle(event)
            if isinstance(event, ConnectionTerminated):  # h2 takes and gives nothing after that
                self.close()
                return False
        return any(isinstance(event, WindowUpdated) for event in events)

    def pause_writing(self) -> None:
        """Write no messages to a peer that does not read: only replies to its frames, which are few."""
        self.is_paused = True

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self.is_paused = False
        self.flush_soon()

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio.Protocol."""
        if self._closing_timer is not None:
            self._closing_timer.cancel()

    def flush_soon(self, *, coalesce: bool = False) -> None:
        """Write what is waiting once the event loop has done all that it has to do now.

        With `coalesce`, write a millisecond later, together with what is sent until then.
        """
        if self._flush_handle is not None:
            if coalesce or not self._coalescing:
                return
            self._flush_handle.cancel()
        self._coalescing = coalesce
        if coalesce:
            self._flush_handle = self._loop.call_later(_COALESCING_DELAY, self._flush)
        else:
            self._flush_handle = self._loop.call_soon(self._flush)

    def refuse(self, reason: str) -> None:
        """Close the connection with GOAWAY and ENHANCE_YOUR_CALM."""
        if self._transport.is_closing():
            return
        self.refused(reason)
        self.http2.close_connection(ErrorCodes.ENHANCE_YOUR_CALM, reason.encode())
        self.close()

    def close(self) -> None:
        """Close the connection once what was written is sent, or soon if it is not taken."""
        if self._transport.is_closing():
            return
        self._write()
        self._transport.close()
        self._closing_timer = self._loop.call_later(SHUTDOWN_SECONDS, self._transport.abort)

    def abort(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    def _flush(self) -> None:
        self._flush_handle = None
        if self._transport.is_closing():
            return
        if not self.is_paused:
            self._write_messages()
        self._write()

    def _write_messages(self) -> None:
        before = self.waiting
        self.waiting = self.write_streams()
        if self.waiting < before or not before:
            self.moved = self._loop.time()
            self.allowance.earn_for_written(before - self.waiting)
            self.taken()

    def _write(self) -> None:
        data = self.http2.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)
