"""Connecting to the servers of contracts, as a peer does.

Source: core/container/externalbuilder and core/chaincode/extcc of Fabric 3.1; texts are the same.
"""

import asyncio
import ssl
from collections.abc import Callable

from pyfabric._grpc.stream_client import ClientCall, open_stream
from pyfabric.errors import ConfigError
from pyfabric.ledger.peer.chaincode_stream import ContractStream, LaunchError
from pyfabric.ledger.peer.connection import Connection
from pyfabric.local.tls import http2_client_context
from pyfabric.messages.addresses import Address
from pyfabric.messages.go_texts import DEADLINE_EXCEEDED, connection_refused

_CONNECT = "/protos.Chaincode/Connect"
_PING_AFTER = 120.0
_PING_TIMEOUT = 20.0
_DIAL_PAUSE = 0.2


async def connect(
    package_id: str, connection: Connection, make_stream: Callable[[ClientCall], ContractStream]
) -> ContractStream:
    """Connect to a package's contract; raises LaunchError."""
    try:
        await _probe(connection)
        async with asyncio.timeout(connection.dial_timeout):
            return await _dial(connection, make_stream)
    except (OSError, TimeoutError, ValueError, ConfigError) as error:
        raise LaunchError(
            f"connection to {package_id} failed: error cannot create connection for {package_id}: "
            f"error creating grpc connection to {connection.address}: failed to create new "
            f"connection: {_dial_text(connection.address, error)}"
        ) from error


async def dial_problem(connection: Connection) -> str | None:
    """Return why nothing can be sent to a contract's address; None if it accepts connections."""
    try:
        await _probe(connection)
    except (OSError, TimeoutError, ConfigError) as error:
        return f"{connection.address}: {_dial_text(connection.address, error)}"
    return None


async def _dial(
    connection: Connection, make_stream: Callable[[ClientCall], ContractStream]
) -> ContractStream:
    """Connect as Go's gRPC does: repeat what fails until the time is over."""
    context = _context(connection)
    while True:
        try:
            return await open_stream(
                connection.address,
                context,
                _CONNECT,
                make_stream,
                ping_after=_PING_AFTER,
                ping_timeout=_PING_TIMEOUT,
            )
        except OSError:
            await asyncio.sleep(_DIAL_PAUSE)


async def _probe(connection: Connection) -> None:
    """Connect once, to find at once that nothing listens; gRPC would report it after several attempts."""
    place = Address.parse(connection.address)
    async with asyncio.timeout(connection.dial_timeout):
        _, writer = await asyncio.open_connection(place.host, place.port)
        writer.close()
        await writer.wait_closed()


def _context(connection: Connection) -> ssl.SSLContext | None:
    if connection.root_certificate is None:
        return None
    return http2_client_context(
        connection.root_certificate, connection.client_certificate, connection.client_key
    )


def _dial_text(address: str, error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return connection_refused(address, temporary=False)
    return DEADLINE_EXCEEDED if isinstance(error, TimeoutError) else str(error)
