"""Options of servers and clients: early pings, shared ports, sizes."""

import itertools
import socket
import ssl
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BufferedReader

import grpc
import pytest

from pyfabric._grpc.options import CLIENT_OPTIONS, MAX_MESSAGE, SERVER_OPTIONS, channel_options
from pyfabric.client.effects import Endpoint
from tests.support.client.gateway_server import ScriptedPeer, new_pki


def test_a_port_in_use_is_an_error() -> None:
    first = grpc.server(ThreadPoolExecutor(1), options=SERVER_OPTIONS)
    port = first.add_insecure_port("127.0.0.1:0")
    second = grpc.server(ThreadPoolExecutor(1), options=SERVER_OPTIONS)
    with pytest.raises(RuntimeError, match="Failed to bind"):
        second.add_insecure_port(f"127.0.0.1:{port}")
    first.stop(None).wait()
    second.stop(None).wait()


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, PING, GOAWAY = 4, 6, 7
PINGS = 10


def frame(kind: int, payload: bytes = b"") -> bytes:
    """Return an HTTP/2 frame without flags on stream 0 (RFC 9113, 4.1)."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, 0]) + bytes(4) + payload


def read_kinds(reader: BufferedReader) -> Iterator[int]:
    """Yield the kinds of the frames that the server sends, until it closes the connection."""
    while header := reader.read(9):
        reader.read(int.from_bytes(header[:3], "big"))
        yield header[3]


def survives_early_pings(peer: ScriptedPeer) -> bool:
    """Return whether the server still answers a ping after too many of them on an idle connection."""
    host, port = peer.endpoint.address.split(":")
    context = ssl.create_default_context(cadata=peer.endpoint.tls_roots.decode())
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection((host, int(port))) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
        connection.makefile("rb") as reader,
    ):
        kinds = read_kinds(reader)
        connection.sendall(PREFACE + frame(SETTINGS))
        for _ in range(PINGS):
            connection.sendall(frame(PING, bytes(8)))
            if PING not in itertools.takewhile(lambda kind: kind != GOAWAY, kinds):
                return False
    return True


def test_a_connection_survives_ten_early_pings() -> None:
    peer = ScriptedPeer(new_pki())
    survived = survives_early_pings(peer)
    peer.stop()
    assert survived


def test_without_our_options_it_would_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.client.gateway_server.SERVER_OPTIONS", ())
    peer = ScriptedPeer(new_pki())
    survived = survives_early_pings(peer)
    peer.stop()
    assert not survived


def test_clients_ping_no_peer_more_often_than_fabric_allows() -> None:
    assert dict(CLIENT_OPTIONS)["grpc.keepalive_time_ms"] > 60_000
    assert dict(SERVER_OPTIONS)["grpc.http2.min_recv_ping_interval_without_data_ms"] < 60_000


def test_every_message_has_fabrics_limit() -> None:
    for options in (CLIENT_OPTIONS, SERVER_OPTIONS):
        assert dict(options)["grpc.max_receive_message_length"] == MAX_MESSAGE
        assert dict(options)["grpc.max_send_message_length"] == MAX_MESSAGE
    assert MAX_MESSAGE == 100 * 1024 * 1024


def test_a_name_is_overridden_and_a_proxy_obeyed_only_when_asked() -> None:
    endpoint = Endpoint("127.0.0.1:7051", b"roots")
    plain = dict(channel_options(endpoint, proxy=False))
    named = dict(
        channel_options(Endpoint("127.0.0.1:7051", b"roots", server_name="peer0"), proxy=True)
    )
    assert plain["grpc.enable_http_proxy"] == 0
    assert named["grpc.enable_http_proxy"] == 1
    assert "grpc.ssl_target_name_override" not in plain
    assert named["grpc.ssl_target_name_override"] == "peer0"
