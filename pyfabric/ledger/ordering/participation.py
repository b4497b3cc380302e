"""An orderer's channel participation API: list, join, update, leave, fetch a block.

Source: orderer/common/channelparticipation of Fabric 3.1; statuses, bodies and texts are those. Joining by
a later block is refused where this process does not have the channel's blocks.
"""

import json
import re
from collections.abc import Mapping
from email.message import Message
from email.parser import BytesParser
from typing import Any

from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric._http.server import Request, Response
from pyfabric.errors import ConfigError, DecodeError, OrdererError
from pyfabric.ledger.channel.channel import ChannelLedger
from pyfabric.ledger.ordering.orderer import Joined, Orderer, as_ordered
from pyfabric.messages.blocks import data_hash
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.messages.decoding import M, decode
from pyfabric.rules.configuration.channel_config import MAX_ID_LENGTH, validate_channel_id
from pyfabric.rules.configuration.update import read_update

BODY_LIMIT = 1024 * 1024
_BASE = "/participation/v1/"
_CHANNELS = f"{_BASE}channels"
_ONE = re.compile(re.escape(_CHANNELS) + r"/([^/]+)")
_BLOCK = re.compile(re.escape(_CHANNELS) + r"/([^/]+)/blocks/([^/]+)")
_NUMBER = re.compile(r"[+-]?\d+")
_PLACES = ("newest", "oldest", "config")
_PART = "config-block"
_UPDATE_PART = "config-update-envelope"
_NO_STORE = {"Cache-Control": "no-store"}


class Participation:
    """Answers the requests to one orderer."""

    def __init__(self, orderer: Orderer) -> None:
        self._orderer = orderer

    async def handle(self, request: Request) -> Response:
        """The answer to a request."""
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
                _check_channel_id(channel_id)
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
        _check_channel_id(channel_id)
        if block_id not in _PLACES and not _NUMBER.fullmatch(block_id):
            return _error(
                400,
                f"invalid block ID: '{block_id}' not equal <newest|oldest|config|(number)>",
            )
        ledger = self._find(channel_id)
        if not self._orderer.is_consenter(channel_id):
            raise OrdererError("channel is not ready, he is a follower", status=404)
        height = ledger.height
        places = {"oldest": 0, "newest": height - 1, "config": ledger.last_config_block()}
        number = places[block_id] if block_id in places else int(block_id)
        block = ledger.block(number) if 0 <= number < height else None
        if block is None:
            return _error(404, f"no such block number [{number}] in index")
        headers = {**_NO_STORE, "Content-Type": "application/octet-stream"}
        return Response(200, as_ordered(block).SerializeToString(), headers)

    def _join(self, request: Request, content_type: str) -> Response:
        block = _form_message(request, content_type, _PART, common_pb2.Block, "a block")
        _check_join_block(block)
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
        envelope = _form_message(
            request, content_type, _UPDATE_PART, common_pb2.Envelope, "an envelope"
        )
        channel_id = _updated_channel(envelope)
        try:
            info = _shown(await self._orderer.update(channel_id, envelope))
        except OrdererError as error:
            return _error(error.status, f"cannot update: {error.message}")
        return _json(201, info, {"Location": info["url"]})

    def _list(self) -> Mapping[str, Any]:
        names = sorted(self._orderer.channels)
        channels = [{"name": name, "url": f"{_CHANNELS}/{name}"} for name in names]
        return {"systemChannel": None, "channels": channels or None}

    def _info(self, channel_id: str) -> Mapping[str, Any]:
        ledger = self._find(channel_id)
        relation = "consenter" if self._orderer.is_consenter(channel_id) else "follower"
        return _shown(Joined(channel_id, relation, "active", ledger.height))

    def _find(self, channel_id: str) -> ChannelLedger:
        _check_channel_id(channel_id)
        ledger = self._orderer.channel(channel_id)
        if ledger is None:
            raise OrdererError("channel does not exist", status=404)
        return ledger


def _shown(joined: Joined) -> dict[str, Any]:
    return {
        "name": joined.channel_id,
        "url": f"{_CHANNELS}/{joined.channel_id}",
        "consensusRelation": joined.relation,
        "status": joined.status,
        "height": joined.height,
    }


def _check_channel_id(channel_id: str) -> None:
    try:
        validate_channel_id(channel_id)
    except ConfigError as error:
        reason = f"'{channel_id}' contains illegal characters"
        if len(channel_id) > MAX_ID_LENGTH:
            reason = f"channel ID illegal, cannot be longer than {MAX_ID_LENGTH}"
        raise OrdererError(f"invalid channel ID: {reason}", status=400) from error


def _check_join_block(block: common_pb2.Block) -> None:
    try:
        config_from_block(block)
    except ConfigError as error:
        raise _bad("invalid join block: block is not a config block") from error
    if not block.metadata.metadata:
        raise _bad("invalid join block: invalid block: does not have metadata")
    if data_hash(block.data) != block.header.data_hash:
        raise _bad(
            "invalid join block: invalid block: Header.DataHash is different from Hash(block.Data)"
        )


def _updated_channel(envelope: common_pb2.Envelope) -> str:
    """The channel that an envelope updates; raises OrdererError."""
    prefix = "invalid config update envelope"
    try:
        payload = decode(common_pb2.Payload, envelope.payload)
    except DecodeError as error:
        raise _bad(f"{prefix}: bad payload") from error
    if not payload.header.channel_header:
        raise _bad(f"{prefix}: bad header")
    try:
        header = decode(common_pb2.ChannelHeader, payload.header.channel_header)
    except DecodeError as error:
        raise _bad(f"{prefix}: could not unmarshall channel header") from error
    if header.type != common_pb2.HeaderType.CONFIG_UPDATE:
        raise _bad(f"{prefix}: bad type")
    if not header.channel_id:
        raise _bad(f"{prefix}: empty channel id")
    try:
        update = read_update(envelope)
    except ConfigError as error:
        raise _bad(f"{prefix}: {error}") from error
    return decode(configtx_pb2.ConfigUpdate, update.config_update, _bad, prefix).channel_id


def _form_message(request: Request, content_type: str, part: str, kind: type[M], name: str) -> M:
    """The message in the only part of a form; raises OrdererError."""
    prefix = "cannot read form from request body"
    if request.body is None:
        raise _bad(f"{prefix}: http: request body too large")
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise _bad(f"{prefix}: multipart: boundary is empty")
    parts = _parts(request.body, boundary.encode())
    if parts is None:
        raise _bad(f"{prefix}: multipart: NextPart: EOF")
    files = {name: content for name, content, is_file in parts if is_file}
    if part not in files:
        raise _bad(f"form does not contains part key: {part}")
    if len(parts) != 1:
        raise _bad("form contains too many parts")
    return decode(kind, files[part], _bad, f"cannot unmarshal file part {part} into {name}")


def _parts(body: bytes, boundary: bytes) -> list[tuple[str, bytes, bool]] | None:
    """(name, content, whether it is a file) of each part of a form; None if it does not end."""
    found: list[tuple[str, bytes, bool]] = []
    for section in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        if section.startswith(b"--"):
            return found
        head, separator, content = section.partition(b"\r\n\r\n")
        if not separator:
            return None
        headers = BytesParser().parsebytes(head.lstrip(b" \t\r\n") + b"\r\n\r\n", headersonly=True)
        name = headers.get_param("name", "", "content-disposition")
        is_file = headers.get_param("filename", None, "content-disposition") is not None
        found.append((str(name), content, is_file))
    return None


def _negotiate(request: Request) -> None:
    accept = request.headers.get("accept", "")
    wanted = ("application/json", "application/*", "*/*")
    if accept and not any(kind in accept for kind in wanted):
        raise OrdererError("response Content-Type is application/json only", status=406)


def _bad(text: str) -> OrdererError:
    return OrdererError(text, status=400)


def _error(status: int, text: str) -> Response:
    return _json(status, {"error": text}, {})


def _not_allowed(request: Request, allow: str) -> Response:
    return _json(405, {"error": f"invalid request method: {request.method}"}, {"Allow": allow})


def _json(status: int, content: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    body = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    return Response(status, body, {"Content-Type": "application/json", **headers})
