"""The event hub of one peer for one channel: blocks, transactions and chaincode events, handed to functions."""

import asyncio
import re
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from pyfabric.aio.connections import GatewayConnections
from pyfabric.aio.event_stream import EventStream
from pyfabric.client.chain import next_block
from pyfabric.client.client import Client
from pyfabric.client.effects import Endpoint, Flow
from pyfabric.client.event_requests import BLOCKS, FILTERED_BLOCKS, StreamKind
from pyfabric.client.event_source import BlockCursor, EventSource
from pyfabric.client.peers import Peers
from pyfabric.client.timeouts import DEFAULT_TIMEOUTS
from pyfabric.errors import ClientError, ValidationCode
from pyfabric.hfc._gone import attributes, gone
from pyfabric.hfc._running import Runner
from pyfabric.hfc.fabric.block_decoder import BlockDecoder, Decoded, filtered_block
from pyfabric.hfc.fabric.peer import Peer
from pyfabric.hfc.fabric.user import User, signing_identity
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.envelopes import SeekStart
from pyfabric.messages.events import Block, FilteredBlock

NO_START_STOP: Final = 0
START_ONLY: Final = 1
END_ONLY: Final = 2
START_AND_END: Final = 3

__all__ = [
    "END_ONLY",
    "NO_START_STOP",
    "START_AND_END",
    "START_ONLY",
    "ChaincodeRegistration",
    "ChannelEventHub",
    "EventRegistration",
]

__getattr__ = attributes(__name__)

_ENDORSER_TRANSACTION: Final = 3
_ALL: Final = "all"
_CODES: Final = 2
"""The place of the validation codes in a decoded block's metadata."""


@dataclass(eq=False)
class EventRegistration:
    """A function that is called, and what happens after its call."""

    onEvent: Callable[..., Any] | None = None
    unregister: bool | None = True
    disconnect: bool = False


@dataclass(eq=False)
class ChaincodeRegistration:
    """A function that is called for the events of a chaincode whose name matches a pattern."""

    ccid: str
    pattern: str
    er: EventRegistration
    as_array: bool
    uuid: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True, slots=True)
class _Range:
    """The blocks that are wanted; without a start the newest there is, without a stop all that follow."""

    start: int | str | None = None
    stop: int | str | None = None

    def check(self) -> None:
        """Raise ClientError for blocks that no stream has."""
        if not (self.start in (None, "oldest", "newest") or isinstance(self.start, int)):
            raise ClientError(
                f"start must be a block's number, oldest, newest or last_seen, not {self.start!r}"
            )
        if not (self.stop in (None, "newest") or isinstance(self.stop, int)):
            raise ClientError(
                f"stop must be a block's number, newest or last_seen, not {self.stop!r}"
            )
        both = isinstance(self.start, int) and isinstance(self.stop, int)
        if both and self.start > self.stop:  # type: ignore[operator]  # both are numbers
            raise ClientError(f"start {self.start} must not be greater than stop {self.stop}")

    def __bool__(self) -> bool:
        return self.start is not None or self.stop is not None


class ChannelEventHub:
    """Calls registered functions for what a peer commits on a channel, from when it is connected until it is disconnected.

    The peer is asked again when its connection is lost, and no block is left out or repeated.
    """

    connected = False
    """Whether the stream is open."""

    def __init__(
        self, peer: Peer, channel_name: str, requestor: User, *, runner: Runner | None = None
    ) -> None:
        self._peer = peer
        self._channel_name = channel_name
        self._requestor = requestor
        self._runner = runner or Runner()
        self._blocks: list[EventRegistration] = []
        self._transactions: dict[str, EventRegistration] = {}
        self._chaincodes: dict[str, list[ChaincodeRegistration]] = {}
        self._filtered = True
        self._as_array = False
        self._range = _Range()
        self._at_end: Callable[[], None] | None = None
        self._last_seen: int | None = None
        self._ending = False
        self._closing: asyncio.Task[None] | None = None
        self.stream: EventStream[Any] | None = None

    def connect(
        self,
        filtered: bool = True,
        start: int | str | None = None,
        stop: int | str | None = None,
        as_array: bool = False,
        target: Peer | None = None,
        signed_event: object | None = None,
    ) -> Awaitable[None]:
        """Connect, and return what is to be awaited: it is done when the hub is disconnected or `stop` was seen.

        In a running loop the stream is opened at once, else when it is awaited. Without `start` it begins with the newest
        block there is. Filtered blocks have no contents, and their chaincode events no payload. Raises ClientError.
        """
        if signed_event is not None:
            raise ClientError(
                "signed_event is gone: it was a protobuf object; pyfabric.aio.Gateway.new_signed_block_events_request "
                "takes a request that was signed elsewhere"
            )
        wanted = _Range(self._seen(start), self._seen(stop))
        if wanted:
            if self._range:
                raise ClientError(
                    "a registered function has start and stop already: connect without them"
                )
            wanted.check()
            self._range = wanted
        self._filtered, self._as_array, self._ending = filtered, as_array, False
        self._peer = target or self._peer
        following = self._follow()
        try:
            return asyncio.get_running_loop().create_task(following)
        except RuntimeError:
            return following

    def disconnect(self) -> None:
        """Close the stream; what `connect` returned is done then. Functions stay registered. Safe to repeat."""
        self.connected, self._ending = False, True
        self._range, self._at_end = _Range(), None
        if self.stream is not None:
            self._closing = asyncio.get_running_loop().create_task(self.stream.close())

    def registerBlockEvent(
        self,
        unregister: bool | None = True,
        start: int | None = None,
        stop: int | None = None,
        disconnect: bool = False,
        onEvent: Callable[[Decoded], Any] | None = None,
    ) -> EventRegistration:
        """Call `onEvent` with each block, or with the next one alone if `unregister`."""
        made = EventRegistration(onEvent, unregister, disconnect)
        self._restrict(_Range(start, stop), made, lambda: self.unregisterBlockEvent(made))
        self._blocks.append(made)
        return made

    def unregisterBlockEvent(self, reg_num: EventRegistration) -> None:
        """Stop calling a function."""
        if reg_num in self._blocks:
            self._blocks.remove(reg_num)

    def registerTxEvent(
        self,
        tx_id: str,
        unregister: bool | None = None,
        start: int | None = None,
        stop: int | None = None,
        disconnect: bool = False,
        onEvent: Callable[[str, str, int], Any] | None = None,
    ) -> str:
        """Call `onEvent` with a transaction's id, the name of its validation code and its block's number.

        With the id "all" it is called for all of them. A function is unregistered after its transaction.
        """
        once = not (tx_id == _ALL and unregister is None)
        made = EventRegistration(onEvent, once, disconnect)
        self._restrict(_Range(start, stop), made, lambda: self.unregisterTxEvent(tx_id))
        self._transactions[tx_id] = made
        return tx_id

    def unregisterTxEvent(self, tx_id: str) -> None:
        """Stop calling a function."""
        self._transactions.pop(tx_id, None)

    def registerChaincodeEvent(
        self,
        ccid: str,
        pattern: str,
        unregister: bool | None = False,
        start: int | None = None,
        stop: int | None = None,
        as_array: bool | None = None,
        disconnect: bool = False,
        onEvent: Callable[..., Any] | None = None,
    ) -> ChaincodeRegistration:
        """Call `onEvent` for each event of a chaincode whose name begins with a regular expression.

        It gets the event, its block's number, its transaction's id and the name of the validation code; with `as_array` a
        list of dicts with these, for a block.
        """
        wanted = self._as_array if as_array is None else as_array
        made = ChaincodeRegistration(
            ccid, pattern, EventRegistration(onEvent, unregister, disconnect), wanted
        )
        self._restrict(_Range(start, stop), made.er, lambda: self.unregisterChaincodeEvent(made))
        self._chaincodes.setdefault(ccid, []).append(made)
        return made

    def unregisterChaincodeEvent(self, cr: ChaincodeRegistration) -> None:
        """Stop calling a function."""
        known = self._chaincodes.get(cr.ccid, [])
        if cr in known:
            known.remove(cr)
        if not known:
            self._chaincodes.pop(cr.ccid, None)

    def have_registrations(self) -> bool:
        """Return whether a function is registered."""
        return bool(self._blocks or self._transactions or self._chaincodes)

    handle_filtered_tx = gone("fabric.channel.channel_eventhub.ChannelEventHub.handle_filtered_tx")
    handle_full_tx = gone("fabric.channel.channel_eventhub.ChannelEventHub.handle_full_tx")
    handle_filtered_chaincode = gone(
        "fabric.channel.channel_eventhub.ChannelEventHub.handle_filtered_chaincode"
    )
    handle_full_chaincode = gone(
        "fabric.channel.channel_eventhub.ChannelEventHub.handle_full_chaincode"
    )
    handle_stream = gone("fabric.channel.channel_eventhub.ChannelEventHub.handle_stream")
    check_start_stop_connect = gone(
        "fabric.channel.channel_eventhub.ChannelEventHub.check_start_stop_connect"
    )
    check_start_stop_listener = gone(
        "fabric.channel.channel_eventhub.ChannelEventHub.check_start_stop_listener"
    )
    check_replay_end = gone("fabric.channel.channel_eventhub.ChannelEventHub.check_replay_end")

    def _seen(self, place: int | str | None) -> int | str | None:
        return self._last_seen if place == "last_seen" else place

    def _restrict(
        self, wanted: _Range, made: EventRegistration, unregister: Callable[[], None]
    ) -> None:
        """Take the blocks that a registration wants for the whole stream: then it is the only one."""
        if self._at_end is not None:
            raise ClientError(
                "a registered function has start or stop: no other can be registered beside it"
            )
        if not wanted:
            return
        if self.have_registrations() or self._range:
            raise ClientError(
                "start and stop are for an only registration, made before connect: use a hub of its own"
            )
        wanted.check()
        self._range = wanted

        def at_end() -> None:
            if made.unregister:
                unregister()
            if made.disconnect:
                self.disconnect()

        self._at_end = at_end

    async def _follow(self) -> None:
        identity, peer = signing_identity(self._requestor), self._peer.target
        last = await self._runner.run(_last(peer, identity, self._channel_name, self._range.stop))
        client = Client(Peers([peer]), identity, DEFAULT_TIMEOUTS)
        connections = GatewayConnections(self._runner.driver, client)
        self.stream = EventStream(connections, self._opening(peer, identity))
        self.connected = True
        try:
            async for block in self.stream:
                self._last_seen = block.number
                self._dispatch(block)
                if last is not None and block.number >= last:
                    if self._at_end is not None:
                        self._at_end()
                    return
                if self._ending:
                    return
        finally:
            self.connected = False
            await self.stream.close()
            self.stream = None

    def _opening(
        self, peer: Endpoint, identity: SigningIdentity
    ) -> Callable[[], Flow[EventSource[Any]]]:
        start: SeekStart = "newest"
        if isinstance(self._range.start, int):
            start = self._range.start
        elif self._range.start == "oldest":
            start = 0
        kind: StreamKind[Any] = FILTERED_BLOCKS if self._filtered else BLOCKS

        def opening() -> Flow[EventSource[Any]]:
            yield from ()  # no peer is asked
            cursor = BlockCursor(kind, identity.identity, self._channel_name, start)
            return EventSource(kind, cursor, identity, [peer])

        return opening

    def _dispatch(self, block: Block | FilteredBlock) -> None:
        if isinstance(block, Block):
            decoded = BlockDecoder.decode(block.raw)
            seen = list(_full(decoded))
        else:
            decoded = filtered_block(block)
            seen = list(_filtered(decoded))
        for made in list(self._blocks):
            self._call(made, partial(self.unregisterBlockEvent, made), [(decoded,)])
        for tx_id, made in list(self._transactions.items()):
            wanted = [one for one in seen if tx_id in (_ALL, one.tx_id)]
            calls = [(one.tx_id, one.status, block.number) for one in wanted]
            self._call(made, partial(self.unregisterTxEvent, tx_id), calls)
        for cr in [one for known in self._chaincodes.values() for one in known]:
            events = list(_events(seen, cr, block.number))
            arrays: Sequence[tuple[Any, ...]] = [(_array(events),)] if events else []
            self._call(
                cr.er, partial(self.unregisterChaincodeEvent, cr), arrays if cr.as_array else events
            )

    def _call(
        self,
        made: EventRegistration,
        unregister: Callable[[], None],
        calls: Sequence[tuple[Any, ...]],
    ) -> None:
        if not calls:
            return
        if made.unregister:
            unregister()
        for arguments in calls:
            if made.onEvent is not None:
                made.onEvent(*arguments)
        if made.disconnect:
            self.disconnect()


@dataclass(frozen=True, slots=True)
class _Seen:
    """A transaction of a block, its validation code's name, and its chaincode events."""

    tx_id: str
    status: str
    events: Sequence[Decoded]


def _filtered(block: Decoded) -> Iterator[_Seen]:
    for one in block["filtered_transactions"]:
        actions = one["transaction_actions"]["chaincode_actions"]
        events = [_without_payload(action["chaincode_event"]) for action in actions]
        yield _Seen(one["txid"], one["tx_validation_code"], events)


def _without_payload(event: Decoded) -> Decoded:
    """Return an event of a filtered block, whose payload is always empty: nobody is to take that for the event's."""
    return {name: value for name, value in event.items() if name != "payload"}


def _full(block: Decoded) -> Iterator[_Seen]:
    codes = block["metadata"]["metadata"][_CODES] or []
    for envelope, code in zip(block["data"]["data"], codes, strict=True):
        payload = envelope["payload"]
        channel = payload["header"]["channel_header"]
        actions = (
            payload["data"].get("actions", ()) if channel["type"] == _ENDORSER_TRANSACTION else ()
        )
        events = [
            one["payload"]["action"]["proposal_response_payload"]["extension"]["events"]
            for one in actions
        ]
        yield _Seen(channel["tx_id"], ValidationCode(code).name, events)


def _events(
    seen: Sequence[_Seen], cr: ChaincodeRegistration, number: int
) -> Iterator[tuple[Decoded, int, str, str]]:
    for one in seen:
        for event in one.events:
            if event["chaincode_id"] == cr.ccid and re.match(cr.pattern, event["event_name"]):
                yield event, number, one.tx_id, one.status


def _array(events: Sequence[tuple[Decoded, int, str, str]]) -> list[dict[str, Any]]:
    names = ("chaincode_event", "block_num", "tx_id", "tx_status")
    return [dict(zip(names, one, strict=True)) for one in events]


def _last(
    peer: Endpoint, identity: SigningIdentity, channel: str, stop: int | str | None
) -> Flow[int | None]:
    """Return the last block that is wanted: at most the newest that the peer has; None without a stop."""
    if stop is None:
        return None
    following, _ = yield from next_block([peer], identity, channel)
    newest = following - 1 if isinstance(following, int) else None
    if not isinstance(stop, int) or newest is None:
        return newest if not isinstance(stop, int) else stop
    return min(stop, newest)
