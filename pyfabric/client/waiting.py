"""Waiting for a channel: until a peer has a block, or a newer configuration.

A peer sends a block as soon as it has it, so nothing is polled; only peers that cannot be reached are asked again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.client.effects import DeliverBlocks, Endpoint, Flow, deliver, now, sleep
from pyfabric.client.envelopes import seek_envelope, tls_certificate_hash
from pyfabric.client.event_requests import FILTERED_BLOCKS
from pyfabric.client.peers import SILENT
from pyfabric.client.system_chaincodes import ask
from pyfabric.errors import ClientError, GatewayError, StatusCode
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.blocks import parse_block
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.messages.decoding import decode
from pyfabric.messages.envelopes import LAST_BLOCK
from pyfabric.messages.events import FilteredBlock

_PAUSE: Final = 0.5
_SILENCE: Final = 10.0
"""Seconds after which the next peer is asked for a block: this one may be stopped, or behind."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Who waits at which peers, of a channel, and until when."""

    endpoints: Sequence[Endpoint]
    identity: SigningIdentity
    channel: str
    deadline: datetime

    def seconds_left(self) -> Flow[float]:
        """Return the seconds until the deadline. Raises GatewayError when it has passed."""
        left = (self.deadline - (yield from now())).total_seconds()
        if left <= 0:
            raise GatewayError(
                f"channel {self.channel}: what was waited for did not come in time: wait longer, or "
                "look at the peer's log",
                code=StatusCode.DEADLINE_EXCEEDED,
            )
        return left


def wait_for_height(
    endpoints: Sequence[Endpoint],
    identity: SigningIdentity,
    channel: str,
    height: int,
    timeout: float,
) -> Flow[None]:
    """Wait until the first peer that can be reached has blocks 0 to `height` - 1.

    Raises ClientError for a height that no channel has, GatewayError (DEADLINE_EXCEEDED) when the time
    is up, and DeliverError when the peer refuses.
    """
    if not 1 <= height <= LAST_BLOCK:
        raise ClientError(f"no channel can have the height {height}: the least is 1")
    deadline = (yield from now()) + timedelta(seconds=timeout)
    yield from _block(Wait(endpoints, identity, channel, deadline), height - 1)


def wait_for_config(
    endpoints: Sequence[Endpoint],
    identity: SigningIdentity,
    channel: str,
    after: bytes,
    timeout: float,
) -> Flow[bytes]:
    """Wait until a peer has a newer configuration than `after`, and return it (bytes of common.Config).

    Raises DecodeError when `after` is not a configuration, PeerResponseError when the peer refuses to
    show its own, and what `wait_for_height` raises.
    """
    known = decode(configtx_pb2.Config, after).sequence
    deadline = (yield from now()) + timedelta(seconds=timeout)
    wait = Wait(endpoints, identity, channel, deadline)
    while True:
        number, config = yield from _config(wait)
        if config.sequence > known:
            return config.SerializeToString(deterministic=True)
        yield from _next_configuration_block(wait, number + 1)


def _next_configuration_block(wait: Wait, number: int) -> Flow[None]:
    while True:
        block = yield from _block(wait, number)
        if any(one.kind == common_pb2.HeaderType.CONFIG for one in block.transactions):
            return
        number += 1


def _block(wait: Wait, number: int) -> Flow[FilteredBlock]:
    """Return a block when it is there, from the first peer that has it."""
    while True:
        for endpoint in wait.endpoints:
            left = yield from wait.seconds_left()
            seconds = left if len(wait.endpoints) == 1 else min(left, _SILENCE)
            try:
                return (yield from _block_at(endpoint, wait, number, seconds))
            except GatewayError as error:
                if error.code not in SILENT:
                    raise
        yield from _pause(wait)


def _block_at(endpoint: Endpoint, wait: Wait, number: int, timeout: float) -> Flow[FilteredBlock]:
    envelope = yield from seek_envelope(
        wait.identity,
        wait.channel,
        number,
        number,
        tls_hash=tls_certificate_hash(endpoint),
    )
    request = DeliverBlocks(endpoint, FILTERED_BLOCKS.method, envelope, timeout)
    messages = yield from deliver(request)
    return FILTERED_BLOCKS.read(messages[0])[0]


def _config(wait: Wait) -> Flow[tuple[int, configtx_pb2.Config]]:
    """Return the newest configuration and the number of its block, from the first peer there."""
    while True:
        for endpoint in wait.endpoints:
            yield from wait.seconds_left()
            try:
                return (yield from _config_at(endpoint, wait))
            except GatewayError as error:
                if error.code is not StatusCode.UNAVAILABLE:
                    raise
        yield from _pause(wait)


def _config_at(endpoint: Endpoint, wait: Wait) -> Flow[tuple[int, configtx_pb2.Config]]:
    arguments = [b"GetConfigBlock", wait.channel.encode()]
    raw = yield from ask(endpoint, wait.identity, wait.channel, "cscc", arguments)
    block = parse_block(raw)
    _, config = config_from_block(block)
    return block.header.number, config


def _pause(wait: Wait) -> Flow[None]:
    """Wait before asking the peers again, but not beyond the deadline."""
    yield from sleep(min(_PAUSE, (yield from wait.seconds_left())))
