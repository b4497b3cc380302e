"""Options of servers and clients: early pings, shared ports, sizes."""

import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from pyfabric._grpc.options import CLIENT_OPTIONS, SERVER_OPTIONS, channel_options
from pyfabric.core.effects import Endpoint
from pyfabric.core.event_requests import BLOCKS
from tests.support.gateway_server import ScriptedPeer, block, new_pki, stream


def test_a_port_in_use_is_an_error() -> None:
    first = grpc.server(ThreadPoolExecutor(1), options=SERVER_OPTIONS)
    port = first.add_insecure_port("127.0.0.1:0")
    second = grpc.server(ThreadPoolExecutor(1), options=SERVER_OPTIONS)
    with pytest.raises(RuntimeError, match="Failed to bind"):
        second.add_insecure_port(f"127.0.0.1:{port}")
    first.stop(None).wait()
    second.stop(None).wait()


def test_an_idle_stream_survives_ten_early_pings() -> None:
    peer = ScriptedPeer(new_pki())
    more = threading.Event()

    def later(_: bytes, __: grpc.ServicerContext) -> None:
        more.wait(30)

    peer.on(BLOCKS.method, stream(block(1), then=later, stay=True))
    eager = (
        ("grpc.keepalive_time_ms", 100),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.http2.min_sent_ping_interval_without_data_ms", 100),
    )
    credentials = grpc.ssl_channel_credentials(peer.endpoint.tls_roots)
    with grpc.secure_channel(peer.endpoint.address, credentials, eager) as channel:
        call = channel.stream_stream(BLOCKS.method)(iter((b"seek",)))
        assert next(call) == block(1)
        assert not more.wait(1.3)
        assert call.is_active()
        call.cancel()
    more.set()
    peer.stop()


def test_clients_ping_no_peer_more_often_than_fabric_allows() -> None:
    assert dict(CLIENT_OPTIONS)["grpc.keepalive_time_ms"] > 60_000
    assert dict(SERVER_OPTIONS)["grpc.http2.min_recv_ping_interval_without_data_ms"] < 60_000


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
