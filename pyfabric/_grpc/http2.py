"""Streams of gRPC messages on an HTTP/2 connection, over asyncio and h2: what both sides share.

For many small messages at once: all that one read brings is handled in one go, and all that is to go
leaves in one write. grpcio wakes the event loop for every message, in either direction.
Source: gRPC over HTTP2 (PROTOCOL-HTTP2.md of gRPC), RFC 9113. Compressed messages are refused.
"""

import asyncio
from abc import abstractmethod
from typing import Final, cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, Event, WindowUpdated
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from pyfabric._grpc.options import MAX_MESSAGE
from pyfabric.errors import StatusCode

_WINDOW: Final = 4 * 1024 * 1024
_PREFIX_LENGTH: Final = 5
_PATIENCE_SECONDS: Final = 0.001
_CROWD: Final = 5
_MEMORY_SECONDS: Final = 0.1
SHUTDOWN_SECONDS: Final = 1.0


class Crowd:
    """Whether so many transactions are under way on a stream that its sends may be patient.

    Patience lets more of them gather, and then none ends later for it; so it lasts for a moment after the
    last crowd. Without one it would make each wait.
    """

    def __init__(self) -> None:
        self._now = asyncio.get_running_loop().time
        self._until = 0.0

    def is_there(self, running: int) -> bool:
        """Whether it is, or was a moment ago, with so many running now."""
        now = self._now()
        if running >= _CROWD:
            self._until = now + _MEMORY_SECONDS
        return now < self._until


class MessageError(Exception):
    """A message that cannot be taken: how the call ends."""

    def __init__(self, status: StatusCode, text: str) -> None:
        super().__init__(text)
        self.status = status


class Incoming:
    """The bytes of a stream that have come, and the messages in them."""

    def __init__(self) -> None:
        self._held = bytearray()

    def add(self, data: bytes) -> None:
        """Take the bytes that come next."""
        self._held += data

    def take(self) -> bytes | None:
        """The next message once it is complete; raises MessageError."""
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
    """The messages of a stream that have not gone yet."""

    def __init__(self) -> None:
        self._held = bytearray()

    def add(self, message: bytes) -> None:
        """Send a message, after those before it."""
        self._held += len(message).to_bytes(_PREFIX_LENGTH, "big")
        self._held += message

    def write(self, http2: H2Connection, stream_id: int) -> bool:
        """Write what the other side's windows take; whether that was all."""
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
    """One connection. What is to go is written by `write_streams`, once for all that asked for it."""

    _transport: asyncio.Transport

    def __init__(self, *, client_side: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._flush_handle: asyncio.Handle | None = None
        self._patient = False
        self.http2 = H2Connection(H2Configuration(client_side=client_side, header_encoding=None))

    @abstractmethod
    def handle(self, event: Event) -> None:
        """Something has come."""

    @abstractmethod
    def write_streams(self) -> None:
        """Give h2 what the streams have to send."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self.http2.initiate_connection()
        self.http2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: _WINDOW})
        self.http2.increment_flow_control_window(_WINDOW)
        self.flush_soon()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        try:
            events = self.http2.receive_data(data)
        except ProtocolError:
            self.close()
            return
        for event in events:
            self.handle(event)
            if isinstance(event, ConnectionTerminated):  # h2 takes and gives nothing after that
                self.close()
                return
        # Answers of HTTP/2 itself do not hurry, what a larger window lets go does.
        self.flush_soon(patient=not any(isinstance(event, WindowUpdated) for event in events))

    def pause_writing(self) -> None:
        """Who does not take what is sent is not read either."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._transport.resume_reading()

    def flush_soon(self, *, patient: bool = False) -> None:
        """Write what is to go, after all that the event loop has to do now.

        `patient`: a millisecond later, with what else is to go by then. Fewer and larger writes cost both
        sides less.
        """
        if self._flush_handle is not None:
            if patient or not self._patient:
                return
            self._flush_handle.cancel()
        self._patient = patient
        if patient:
            self._flush_handle = self._loop.call_later(_PATIENCE_SECONDS, self._flush)
        else:
            self._flush_handle = self._loop.call_soon(self._flush)

    def close(self) -> None:
        """End the connection when what was written is gone."""
        self._write()
        self._transport.close()

    def abort(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    def _flush(self) -> None:
        self._flush_handle = None
        if not self._transport.is_closing():
            self.write_streams()
            self._write()

    def _write(self) -> None:
        data = self.http2.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)
