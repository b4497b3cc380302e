"""Channel and server options, and credentials.

The numbers follow Fabric's: a peer closes a connection that is pinged more often than once in 60 s
(`peer.keepalive.minInterval`), so that a stopped one is noticed after some 70 s of a quiet stream; it
pings an idle connection itself every 60 s; its largest message is 100 MB; error details come in
trailers, which gRPC limits to 8 kB by default.
"""

from collections.abc import Callable

import grpc

from pyfabric._grpc.limits import MAX_MESSAGE, MEGABYTE
from pyfabric.client.effects import Endpoint
from pyfabric.errors import ClientError
from pyfabric.identity.pem import not_certificates

# A peer serves 500 gateway calls at once, including event streams and waiting CommitStatus calls.
MAX_IN_FLIGHT = 400

# More than all limits of a peer's services together (core.yaml of Fabric: 2,500 endorsements, 2,500
# deliver streams, 500 gateway calls), so that a service's own limit, with Fabric's text, comes first.
_MAX_STREAMS = 6000

Options = tuple[tuple[str, int | str], ...]

_METADATA: Options = (
    ("grpc.max_metadata_size", MEGABYTE),
    ("grpc.absolute_max_metadata_size", MEGABYTE),
)

CLIENT_OPTIONS: Options = (
    *_METADATA,
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    ("grpc.keepalive_time_ms", 61_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    # How long one attempt to connect may take, TLS included: less than the shortest deadline of a call.
    ("grpc.min_reconnect_backoff_ms", 2_000),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Each driver has its own connections, so that the limits and closing of one do not affect another.
    ("grpc.use_local_subchannel_pool", 1),
)

SERVER_OPTIONS: Options = (
    *_METADATA,
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    ("grpc.max_concurrent_streams", _MAX_STREAMS),
    ("grpc.keepalive_time_ms", 2 * 3600 * 1000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    # Otherwise two servers share a port without an error.
    ("grpc.so_reuseport", 0),
)


def channel_options(endpoint: Endpoint, *, proxy: bool) -> Options:
    """Return the options of a channel to that endpoint; `proxy` obeys http_proxy and its like."""
    name: Options = ()
    if endpoint.server_name is not None:
        name = (("grpc.ssl_target_name_override", endpoint.server_name),)
    return (*CLIENT_OPTIONS, ("grpc.enable_http_proxy", int(proxy)), *name)


def channel_credentials(endpoint: Endpoint) -> grpc.ChannelCredentials:
    """Return credentials for TLS, with the client's certificate when the endpoint has one.

    Raises ClientError when the roots are none to trust the server by, or a certificate lacks its key.
    """
    if not endpoint.tls_roots:
        raise ClientError(
            f"{endpoint.address}: no TLS root certificate: the server cannot be trusted without one"
        )
    problem = not_certificates(endpoint.tls_roots)
    if problem is not None:
        raise ClientError(f"{endpoint.address}: TLS roots cannot be used: {problem}")
    if (endpoint.client_certificate is None) != (endpoint.client_key is None):
        raise ClientError(f"{endpoint.address}: mutual TLS needs both a certificate and its key")
    return grpc.ssl_channel_credentials(
        endpoint.tls_roots, endpoint.client_key, endpoint.client_certificate
    )


def server_credentials(
    certificate_chain: bytes, key: bytes, client_roots: Callable[[], bytes] | None
) -> grpc.ServerCredentials:
    """Return credentials of a server (all PEM).

    With `client_roots` every client must show a certificate of the CAs that it returns: it is asked at each
    connection, in a thread of gRPC's.
    """
    pairs = [(key, certificate_chain)]
    if client_roots is None:
        return grpc.ssl_server_credentials(pairs)

    def configuration() -> grpc.ServerCertificateConfiguration:
        return grpc.ssl_server_certificate_configuration(pairs, client_roots())

    return grpc.dynamic_ssl_server_credentials(
        configuration(), configuration, require_client_authentication=True
    )
