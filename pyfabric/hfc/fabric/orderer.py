"""Orderers. Transactions reach them through the gateway of a peer; administrators ask them directly."""

from typing import Final

from pyfabric.hfc._gone import attributes, gone
from pyfabric.hfc._nodes import Node, Options

DEFAULT_ORDERER_ENDPOINT: Final = "localhost:7050"

__all__ = ["DEFAULT_ORDERER_ENDPOINT", "Orderer"]

__getattr__ = attributes(__name__)


class Orderer(Node):
    """An orderer; nodes speak TLS alone, so that `tls_ca_cert_file` is needed."""

    section = "orderers"

    def __init__(
        self,
        name: str = "orderer",
        endpoint: str = DEFAULT_ORDERER_ENDPOINT,
        tls_ca_cert_file: str | bytes | None = None,
        client_key_file: str | bytes | None = None,
        client_cert_file: str | bytes | None = None,
        opts: Options | None = None,
    ) -> None:
        super().__init__(name, endpoint, tls_ca_cert_file, client_key_file, client_cert_file, opts)

    get_genesis_block = gone("fabric.orderer.Orderer.get_genesis_block")
    broadcast = gone("fabric.orderer.Orderer.broadcast")
    delivery = gone("fabric.orderer.Orderer.delivery")
