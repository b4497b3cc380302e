"""Flows over an orderer's channel participation API (HTTPS with client certificates).

They raise OrdererError with the orderer's own text and HTTP status when it refuses.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast
from urllib.parse import quote

from pyfabric.client.effects import Answer, Endpoint, Flow, Rest, rest
from pyfabric.errors import DecodeError, OrdererError

BlockPlace: TypeAlias = Literal["newest", "oldest", "config"]
_CHANNELS: Final = "/participation/v1/channels"
_FIELD: Final = "config-block"


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """An orderer's part in a channel; `consensus_relation` is consenter, follower, …, `status` active, …"""

    name: str
    consensus_relation: str
    status: str
    height: int


def join(orderer: Endpoint, block: bytes) -> Flow[ChannelInfo]:
    """Join the orderer to the channel of a configuration block (bytes of common.Block)."""
    answer = yield from rest(Rest(orderer, "POST", _CHANNELS, files={_FIELD: block}))
    return _channel(_content(answer, 201))


def channels(orderer: Endpoint) -> Flow[tuple[str, ...]]:
    """Return the names of the orderer's channels, sorted."""
    answer = yield from rest(Rest(orderer, "GET", _CHANNELS))
    return _names(_content(answer, 200).get("channels") or [])


def channel(orderer: Endpoint, name: str) -> Flow[ChannelInfo]:
    """Return the orderer's part in a channel. Raises OrdererError with status 404 when it has none."""
    answer = yield from rest(Rest(orderer, "GET", _path(name)))
    return _channel(_content(answer, 200))


def block(orderer: Endpoint, channel: str, which: int | BlockPlace) -> Flow[bytes]:
    """Return a block of a channel (bytes of common.Block), by its number or place, as the orderer has it.

    Orderers give it away to their administrators in maintenance mode too. Raises OrdererError with status 404 for a channel
    that the orderer follows, and for a block that it does not have.
    """
    path = f"{_path(channel)}/blocks/{which}"
    answer = yield from rest(Rest(orderer, "GET", path))
    if answer.status != 200:
        raise _refusal(answer)
    return answer.body


def remove(orderer: Endpoint, name: str) -> Flow[None]:
    """Remove the orderer from a channel, and the channel's blocks from the orderer."""
    answer = yield from rest(Rest(orderer, "DELETE", _path(name)))
    if answer.status != 204:
        raise _refusal(answer)


def _path(name: str) -> str:
    return f"{_CHANNELS}/{quote(name, safe='')}"


def _content(answer: Answer, expected: int) -> Mapping[str, object]:
    if answer.status != expected:
        raise _refusal(answer)
    return _object(answer.body)


def _channel(content: Mapping[str, object]) -> ChannelInfo:
    height = content.get("height", 0)
    return ChannelInfo(
        name=str(content.get("name", "")),
        consensus_relation=str(content.get("consensusRelation", "")),
        status=str(content.get("status", "")),
        height=height if isinstance(height, int) else 0,
    )


def _names(listed: object) -> tuple[str, ...]:
    try:
        return tuple(sorted(one["name"] for one in cast("list[dict[str, str]]", listed)))
    except (TypeError, KeyError) as error:
        raise DecodeError("the orderer's list of channels cannot be read") from error


def _refusal(answer: Answer) -> OrdererError:
    try:
        text = str(_object(answer.body).get("error", ""))
    except DecodeError:
        text = answer.body.decode(errors="replace").strip()
    return OrdererError(text or "the orderer gave no reason", status=answer.status)


def _object(body: bytes) -> Mapping[str, object]:
    try:
        content = json.loads(body)
    except ValueError as error:
        raise DecodeError(f"the orderer answered {len(body)} bytes that are not JSON") from error
    if not isinstance(content, dict):
        raise DecodeError("the orderer answered JSON that is not an object")
    return content
