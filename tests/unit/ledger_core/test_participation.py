"""The participation API over real TLS, compared with a real orderer's responses (Part C §15)."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric._http.server import HttpsServer, server_context
from pyfabric.errors import NetworkError
from pyfabric.ledger.channel.channels import Channels
from pyfabric.ledger.ordering.chains import Chains
from pyfabric.ledger.ordering.orderer import Orderer
from pyfabric.ledger.ordering.participation import BODY_LIMIT, Participation
from pyfabric.ledger.traces import Traces
from tests.support.municipal import records
from tests.support.rules import history
from tests.support.transport.tls import TLSMaterial, tls_material

CHANNELS = "/participation/v1/channels"


def client(server: TLSMaterial, port: int, own: TLSMaterial | None) -> httpx.AsyncClient:
    context = ssl.create_default_context(cafile=server.root)
    if own is not None:
        context.load_cert_chain(own.certificate, own.key)
    return httpx.AsyncClient(
        verify=context, base_url=f"https://127.0.0.1:{port}", trust_env=False, timeout=30
    )


@dataclass
class Api:
    """A running orderer with its API, and a client that may use it."""

    orderer: Orderer
    server: TLSMaterial
    port: int
    http: httpx.AsyncClient

    async def join(self, block: common_pb2.Block) -> httpx.Response:
        content = block.SerializeToString()
        return await self.http.post(CHANNELS, files={"config-block": ("block", content)})


@pytest_asyncio.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    server, own = (
        tls_material(tmp_path / "server", "Orderer"),
        tls_material(tmp_path / "client", "Admin"),
    )
    ledgers = Channels(tmp_path / "channels")
    chains = Chains(ledgers, lambda: os.urandom(24), Traces())
    orderer = Orderer(
        "orderer0",
        records.identity("Admin@ord"),
        chains,
        lambda: records.NOW,
        tls_certificate=records.tls_certificate(),
    )
    context = server_context(server.certificate, server.key, own.root)
    listening = await HttpsServer.start(
        "127.0.0.1:0", context, Participation(orderer).handle, body_limit=BODY_LIMIT
    )
    async with client(server, listening.port, own) as http:
        yield Api(orderer, server, listening.port, http)
    await listening.stop()
    await chains.close()
    ledgers.close()


def answer(response: httpx.Response) -> tuple[int, str, str | None]:
    return response.status_code, response.text, response.headers.get("content-type")


def refusal(status: int, text: str) -> tuple[int, str, str | None]:
    return status, f'{{"error":"{text}"}}\n', "application/json"


JOINED = (
    '{"name":"records","url":"/participation/v1/channels/records","consensusRelation":"consenter",'
    '"status":"active","height":1}\n'
)


@pytest.mark.asyncio
async def test_join_list_leave(api: Api) -> None:
    listed = await api.http.get(CHANNELS)
    assert answer(listed) == (
        200,
        '{"systemChannel":null,"channels":null}\n',
        "application/json",
    )
    joined = await api.join(history.ordered(0))
    assert answer(joined) == (201, JOINED, "application/json")
    assert joined.headers["location"] == f"{CHANNELS}/records"
    assert answer(await api.http.get(f"{CHANNELS}/records")) == (200, JOINED, "application/json")
    listed = await api.http.get(CHANNELS)
    assert listed.text == (
        '{"systemChannel":null,"channels":[{"name":"records",'
        '"url":"/participation/v1/channels/records"}]}\n'
    )
    assert listed.headers["cache-control"] == "no-store"
    again = await api.join(history.ordered(0))
    assert answer(again) == refusal(405, "cannot join: channel already exists")
    assert again.headers["allow"] == "GET, DELETE"
    removed = await api.http.delete(f"{CHANNELS}/records")
    assert answer(removed) == (204, "", None)
    removed = await api.http.delete(f"{CHANNELS}/records")
    assert answer(removed) == refusal(404, "cannot remove: channel does not exist")
    assert (await api.join(history.ordered(0))).status_code == 201


def _junk(block: bytes, *, name: str = "config-block") -> dict[str, tuple[str, bytes]]:
    return {name: ("block", block)}


def _tampered() -> bytes:
    block = history.ordered(0)
    block.header.data_hash = b"other"
    return block.SerializeToString()


def _bare() -> bytes:
    block = history.ordered(0)
    block.ClearField("metadata")
    return block.SerializeToString()


@pytest.mark.parametrize(
    ("files", "text"),
    [
        (
            _junk(b"junk"),
            "cannot unmarshal file part config-block into a block: "
            + "proto: cannot parse invalid wire-format data",
        ),
        (_junk(b""), "invalid join block: block is not a config block"),
        (
            _junk(history.ordered(12).SerializeToString()),
            "invalid join block: block is not a config block",
        ),
        (
            _junk(_tampered()),
            "invalid join block: invalid block: Header.DataHash is different from Hash(block.Data)",
        ),
        (_junk(_bare()), "invalid join block: invalid block: does not have metadata"),
        (
            _junk(history.ordered(1).SerializeToString()),
            (
                "cannot join: the development ledger has no block 1 of channel records that is this one: "
                "it cannot fetch blocks from other machines"
            ),
        ),
        (_junk(b"x", name="wrong"), "form does not contains part key: config-block"),
        (
            {**_junk(b"x"), **_junk(b"y", name="more")},
            "form contains too many parts",
        ),
        (
            _junk(bytes(1_200_000)),
            "cannot read form from request body: http: request body too large",
        ),
    ],
)
@pytest.mark.asyncio
async def test_forms_that_make_no_channel(
    api: Api, files: dict[str, tuple[str, bytes]], text: str
) -> None:
    response = await api.http.post(CHANNELS, files=files)
    assert answer(response) == refusal(400, text)
    assert not api.orderer.channels
    assert (await api.http.get(CHANNELS)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nochan", refusal(404, "channel does not exist")),
        (
            "GET",
            "/NoChan",
            refusal(400, "invalid channel ID: 'NoChan' contains illegal characters"),
        ),
        (
            "GET",
            f"/{'a' * 250}",
            refusal(400, "invalid channel ID: channel ID illegal, cannot be longer than 249"),
        ),
        ("POST", "/records", refusal(405, "invalid request method: POST")),
        ("PATCH", "/records", refusal(405, "invalid request method: PATCH")),
        ("DELETE", "", refusal(405, "invalid request method: DELETE")),
        ("DELETE", "/nochan", refusal(404, "cannot remove: channel does not exist")),
        ("PUT", "", refusal(400, "unsupported Content-Type: []")),
        ("POST", "/records/blocks/0", refusal(405, "invalid request method: POST")),
        ("GET", "/nochan/blocks/newest", refusal(404, "channel does not exist")),
        (
            "GET",
            "/nochan/blocks/first",
            refusal(400, "invalid block ID: 'first' not equal <newest|oldest|config|(number)>"),
        ),
    ],
)
@pytest.mark.asyncio
async def test_requests_that_are_refused(
    api: Api, method: str, path: str, expected: tuple[int, str, str | None]
) -> None:
    assert answer(await api.http.request(method, CHANNELS + path)) == expected


def _envelope(
    header: common_pb2.ChannelHeader | bytes | None, data: bytes = b""
) -> common_pb2.Envelope:
    """Return an envelope with this channel header, if it has one."""
    raw = header if isinstance(header, bytes) or header is None else header.SerializeToString()
    payload = common_pb2.Payload(
        header=None if raw is None else common_pb2.Header(channel_header=raw), data=data
    )
    return common_pb2.Envelope(payload=payload.SerializeToString())


def _header(kind: int, channel: str) -> common_pb2.ChannelHeader:
    return common_pb2.ChannelHeader(type=kind, channel_id=channel)


UNREADABLE = "proto: cannot parse invalid wire-format data"
UPDATE = common_pb2.HeaderType.CONFIG_UPDATE
GARBAGE = configtx_pb2.ConfigUpdateEnvelope(config_update=b"\xff").SerializeToString()


@pytest.mark.parametrize(
    ("envelope", "text"),
    [
        (
            b"\xff",
            f"cannot unmarshal file part config-update-envelope into an envelope: {UNREADABLE}",
        ),
        (common_pb2.Envelope(payload=b"\xff"), "invalid config update envelope: bad payload"),
        (_envelope(None), "invalid config update envelope: bad header"),
        (
            _envelope(b"\xff"),
            "invalid config update envelope: could not unmarshall channel header",
        ),
        (_envelope(_header(1, "records")), "invalid config update envelope: bad type"),
        (_envelope(_header(UPDATE, "")), "invalid config update envelope: empty channel id"),
        (
            _envelope(_header(UPDATE, "records"), b"\xff"),
            (
                "invalid config update envelope: error unmarshalling message for type CONFIG_UPDATE: "
                f"{UNREADABLE}"
            ),
        ),
        (
            _envelope(_header(UPDATE, "records"), GARBAGE),
            f"invalid config update envelope: {UNREADABLE}",
        ),
    ],
)
@pytest.mark.asyncio
async def test_forms_that_update_nothing(
    api: Api, envelope: common_pb2.Envelope | bytes, text: str
) -> None:
    raw = envelope if isinstance(envelope, bytes) else envelope.SerializeToString()
    response = await api.http.put(CHANNELS, files=_junk(raw, name="config-update-envelope"))
    assert answer(response) == refusal(400, text)


@pytest.mark.asyncio
async def test_updates_by_http(api: Api) -> None:
    update = configtx_pb2.ConfigUpdate(channel_id="records").SerializeToString()
    data = configtx_pb2.ConfigUpdateEnvelope(config_update=update).SerializeToString()
    raw = _envelope(_header(UPDATE, "records"), data).SerializeToString()
    files = _junk(raw, name="config-update-envelope")
    response = await api.http.put(CHANNELS, files=files)
    assert answer(response) == refusal(405, "cannot update: channel does not exist")
    await api.join(history.ordered(0))
    response = await api.http.put(CHANNELS, files=files)
    assert response.status_code == 400
    assert "cannot update: failed update config of channel records: " in response.text
    first_update = history.ordered(1).data.data[0]
    payload = common_pb2.Payload.FromString(common_pb2.Envelope.FromString(first_update).payload)
    real = configtx_pb2.ConfigEnvelope.FromString(payload.data).last_update
    files = _junk(real.SerializeToString(), name="config-update-envelope")
    response = await api.http.put(CHANNELS, files=files)
    assert response.status_code == 201
    assert response.headers["location"] == f"{CHANNELS}/records"
    assert response.json()["consensusRelation"] == "consenter"


@pytest.mark.asyncio
async def test_other_content_types_and_paths(api: Api) -> None:
    response = await api.http.post(CHANNELS, json={})
    assert answer(response) == refusal(400, "unsupported Content-Type: [application/json]")
    response = await api.http.get("/healthz")
    assert answer(response) == (404, "404 page not found\n", "text/plain; charset=utf-8")
    response = await api.http.get("/participation/v1/")
    assert (response.status_code, response.headers["location"]) == (302, CHANNELS)
    response = await api.http.get(CHANNELS, headers={"Accept": "text/html"})
    assert answer(response) == refusal(406, "response Content-Type is application/json only")
    headers = {"Content-Type": "multipart/form-data"}
    response = await api.http.post(CHANNELS, content=b"x", headers=headers)
    prefix = "cannot read form from request body: multipart"
    assert answer(response) == refusal(400, f"{prefix}: boundary is empty")
    headers = {"Content-Type": "multipart/form-data; boundary=abc"}
    for body in (b"", b"--abc\r\n", b"--abc\r\nContent-Disposition: form-data\r\n\r\n"):
        response = await api.http.post(CHANNELS, content=body, headers=headers)
        assert answer(response) == refusal(400, f"{prefix}: NextPart: EOF")


@pytest.mark.asyncio
async def test_blocks_are_served(api: Api) -> None:
    await api.join(history.ordered(0))
    expected = history.ordered(0).SerializeToString()
    for block_id in ("oldest", "newest", "config", "0"):
        response = await api.http.get(f"{CHANNELS}/records/blocks/{block_id}")
        assert (response.status_code, response.content) == (200, expected)
        assert response.headers["content-type"] == "application/octet-stream"
    response = await api.http.get(f"{CHANNELS}/records/blocks/first")
    assert answer(response) == refusal(
        400, "invalid block ID: 'first' not equal <newest|oldest|config|(number)>"
    )
    response = await api.http.get(f"{CHANNELS}/records/blocks/7")
    assert response.status_code == 404


@pytest.mark.asyncio
async def test_only_the_administrators_ca_opens_the_door(api: Api, tmp_path: Path) -> None:
    for own in (None, tls_material(tmp_path / "other", "Other")):
        async with client(api.server, api.port, own) as http:
            with pytest.raises(httpx.TransportError):
                await http.get(CHANNELS)
    assert (await api.http.get(CHANNELS)).status_code == 200


@pytest.mark.asyncio
async def test_a_client_that_talks_nonsense_is_dropped(api: Api) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    assert (await api.http.get(CHANNELS)).status_code == 200


@pytest.mark.asyncio
async def test_a_port_in_use_and_files_that_are_missing_are_named(api: Api, tmp_path: Path) -> None:
    server, own = api.server, tls_material(tmp_path / "more", "More")
    context = server_context(server.certificate, server.key, own.root)
    address = f"127.0.0.1:{api.port}"
    with pytest.raises(NetworkError, match=f"cannot listen on {address}"):
        await HttpsServer.start(
            address, context, Participation(api.orderer).handle, body_limit=BODY_LIMIT
        )
    with pytest.raises(NetworkError, match="missing"):
        server_context(server.certificate, tmp_path / "missing", own.root)
