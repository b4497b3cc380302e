"""What all objects of one gateway share."""

from dataclasses import dataclass

from pyfabric._grpc.aio_driver import AsyncDriver
from pyfabric.client.client import Client


@dataclass(frozen=True, slots=True)
class GatewayConnections:
    """The connections of a gateway, and the client for whom they are used."""

    driver: AsyncDriver
    client: Client

    @property
    def certificate(self) -> bytes:
        """The identity's certificate (PEM)."""
        return self.client.identity.identity.certificate
