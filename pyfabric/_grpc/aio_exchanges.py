"""Exchanges on streams of orderers and peers: one message out, its answers back."""

from pyfabric._grpc.aio_connection import AsyncConnection
from pyfabric._grpc.errors import too_many_blocks, unanswered
from pyfabric.client.effects import Broadcast, DeliverBlocks
from pyfabric.messages.deliver import BROADCAST, is_status, read_broadcast


async def broadcast(connection: AsyncConnection, effect: Broadcast) -> tuple[int, str]:
    """Send the envelope; return the orderer's status and its text. Raises GatewayError."""
    stream = await connection.stream(
        BROADCAST, effect.envelope, client_streams=True, timeout=effect.timeout
    )
    try:
        async for raw in stream:
            return read_broadcast(raw)
    finally:
        stream.cancel()
    raise unanswered(effect.endpoint)


async def deliver(connection: AsyncConnection, effect: DeliverBlocks) -> list[bytes]:
    """Return a block and the status after it, or the status alone. Raises GatewayError."""
    stream = await connection.stream(
        effect.method, effect.envelope, client_streams=True, timeout=effect.timeout
    )
    messages: list[bytes] = []
    try:
        async for raw in stream:
            messages.append(raw)
            if is_status(raw):
                return messages
            if len(messages) > 1:
                raise too_many_blocks(effect.endpoint)
    finally:
        stream.cancel()
    raise unanswered(effect.endpoint)
