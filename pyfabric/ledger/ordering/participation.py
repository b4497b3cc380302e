"""An orderer's channel participation API: list, join, update, leave, fetch a block.

Source: orderer/common/channelparticipation of Fabric 3.1; statuses, bodies and texts are Fabric's. Joining by
a later block is refused where this process does not have the channel's blocks.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from pyfabric._http.server import Request, Response
from pyfabric.errors import ConfigError, OrdererError
from pyfabric.ledger.ordering.block_writing import as_ordered
from pyfabric.ledger.ordering.chain import Chain
from pyfabric.ledger.ordering.orderer import Joined, Orderer
from pyfabric.ledger.ordering.participation_requests import (
    check_channel_id,
    config_update,
    join_block,
)

BODY_LIMIT = 1024 * 1024
_BASE = "/participation/v1/"
_CHANNELS = f"{_BASE}channels"
_ONE = re.compile(re.escape(_CHANNELS) + r"/([^/]+)")
_BLOCK = re.compile(re.escape(_CHANNELS) + r"/([^/]+)/blocks/([^/]+)")
_NUMBER = re.compile(r"[+-]?\d+")
_PLACES = ("newest", "oldest", "config")
_NO_STORE = {"Cache-Control": "no-store"}


class Participation:
    """Answers the requests to one orderer."""

    def __init__(self, orderer: Orderer) -> None:
        self._orderer = orderer

    async def handle(self, request: Request) -> Response:
        """Return the answer to a request."""
        try:
            return await self._route(request)
        except OrdererError as error:
            return _error(error.status, error.message)

    async def _route(self, request: Request) -> Response:
        if request.path == _BASE:
            return Response(302 if request.method == "GET" else 405, b"", {"Location": _CHANNELS})
        if request.path == _CHANNELS:
            return await self._channels(request)
        if match := _ONE.fullmatch(request.path):
            return await self._channel(request, match[1])
        if match := _BLOCK.fullmatch(request.path):
            return self._block(request, match[1], match[2])
        return Response(
            404,
            b"404 page not found\n",
            {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"},
        )

    async def _channels(self, request: Request) -> Response:
        content_type = request.headers.get("content-type")
        match request.method:
            case "GET":
                _negotiate(request)
                return _json(200, self._list(), _NO_STORE)
            case "POST" | "PUT" if (
                content_type is None or "multipart/form-data" not in content_type
            ):
                shown = "" if content_type is None else content_type
                return _error(400, f"unsupported Content-Type: [{shown}]")
            case "POST":
                _negotiate(request)
                return self._join(request, content_type or "")
            case "PUT":
                _negotiate(request)
                return await self._update(request, content_type or "")
            case _:
                return _not_allowed(request, "GET, POST, PUT")

    async def _channel(self, request: Request, channel_id: str) -> Response:
        match request.method:
            case "GET":
                _negotiate(request)
                return _json(200, self._info(channel_id), _NO_STORE)
            case "DELETE":
                _negotiate(request)
                check_channel_id(channel_id)
                try:
                    await self._orderer.remove(channel_id)
                except OrdererError as error:
                    return _error(error.status, f"cannot remove: {error.message}")
                return Response(204)
            case _:
                return _not_allowed(request, "GET, DELETE")

    def _block(self, request: Request, channel_id: str, block_id: str) -> Response:
        if request.method != "GET":
            return _not_allowed(request, "GET")
        _negotiate(request)
        check_channel_id(channel_id)
        if block_id not in _PLACES and not _NUMBER.fullmatch(block_id):
            return _error(
                400,
                f"invalid block ID: '{block_id}' not equal <newest|oldest|config|(number)>",
            )
        chain = self._find(channel_id)
        if not chain.has_consenter(self._orderer.name):
            raise OrdererError("channel is not ready, he is a follower", status=404)
        channel = chain.channel
        height = channel.height
        places = {"oldest": 0, "newest": height - 1, "config": channel.last_config_block()}
        number = places[block_id] if block_id in places else int(block_id)
        block = channel.block(number) if 0 <= number < height else None
        if block is None:
            return _error(404, f"no such block number [{number}] in index")
        headers = {**_NO_STORE, "Content-Type": "application/octet-stream"}
        return Response(200, as_ordered(block).SerializeToString(), headers)

    def _join(self, request: Request, content_type: str) -> Response:
        block = join_block(request, content_type)
        try:
            joined = self._orderer.join(block)
        except ConfigError as error:
            return _error(400, f"invalid join block: {error}")
        except OrdererError as error:
            response = _error(error.status, f"cannot join: {error.message}")
            allow = {"Allow": "GET, DELETE"} if error.status == 405 else {}
            return Response(response.status, response.body, {**allow, **response.headers})
        info = _shown(joined)
        return _json(201, info, {"Location": info["url"]})

    async def _update(self, request: Request, content_type: str) -> Response:
        channel_id, envelope = config_update(request, content_type)
        try:
            info = _shown(await self._orderer.update(channel_id, envelope))
        except OrdererError as error:
            return _error(error.status, f"cannot update: {error.message}")
        return _json(201, info, {"Location": info["url"]})

    def _list(self) -> Mapping[str, Any]:
        names = sorted(self._orderer.joined)
        channels = [{"name": name, "url": f"{_CHANNELS}/{name}"} for name in names]
        return {"systemChannel": None, "channels": channels or None}

    def _info(self, channel_id: str) -> Mapping[str, Any]:
        chain = self._find(channel_id)
        relation = "consenter" if chain.has_consenter(self._orderer.name) else "follower"
        return _shown(Joined(channel_id, relation, "active", chain.channel.height))

    def _find(self, channel_id: str) -> Chain:
        check_channel_id(channel_id)
        chain = self._orderer.chain(channel_id)
        if chain is None:
            raise OrdererError("channel does not exist", status=404)
        return chain


def _shown(joined: Joined) -> dict[str, Any]:
    return {
        "name": joined.channel_id,
        "url": f"{_CHANNELS}/{joined.channel_id}",
        "consensusRelation": joined.relation,
        "status": joined.status,
        "height": joined.height,
    }


def _negotiate(request: Request) -> None:
    accept = request.headers.get("accept", "")
    wanted = ("application/json", "application/*", "*/*")
    if accept and not any(kind in accept for kind in wanted):
        raise OrdererError("response Content-Type is application/json only", status=406)


def _error(status: int, text: str) -> Response:
    return _json(status, {"error": text}, {})


def _not_allowed(request: Request, allow: str) -> Response:
    return _json(405, {"error": f"invalid request method: {request.method}"}, {"Allow": allow})


def _json(status: int, content: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    body = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    return Response(status, body, {"Content-Type": "application/json", **headers})
