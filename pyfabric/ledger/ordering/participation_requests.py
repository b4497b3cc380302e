"""What requests of the channel participation API carry: a form with a block or an update, a channel's id.

Source: orderer/common/channelparticipation of Fabric 3.1; statuses and texts are Fabric's.
"""

from email.message import Message
from email.parser import BytesParser

from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric._http.server import Request
from pyfabric.errors import ConfigError, DecodeError, OrdererError
from pyfabric.messages.blocks import data_hash
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.messages.decoding import M, decode
from pyfabric.rules.configuration.channel_config import MAX_ID_LENGTH, validate_channel_id
from pyfabric.rules.configuration.update import read_update

_PART = "config-block"
_UPDATE_PART = "config-update-envelope"


def join_block(request: Request, content_type: str) -> common_pb2.Block:
    """Return the configuration block in a form; raises OrdererError."""
    block = _form_message(request, content_type, _PART, common_pb2.Block, "a block")
    _check_join_block(block)
    return block


def config_update(request: Request, content_type: str) -> tuple[str, common_pb2.Envelope]:
    """Return the update in a form, after the channel that it updates; raises OrdererError."""
    envelope = _form_message(
        request, content_type, _UPDATE_PART, common_pb2.Envelope, "an envelope"
    )
    return _updated_channel(envelope), envelope


def check_channel_id(channel_id: str) -> None:
    """Raise OrdererError for what can be no channel."""
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
    """Return the channel that an envelope updates; raises OrdererError."""
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
    """Return the message in the only part of a form; raises OrdererError."""
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
    """Return (name, content, is it a file) of each part of a form; None if its last border is missing."""
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


def _bad(text: str) -> OrdererError:
    return OrdererError(text, status=400)
