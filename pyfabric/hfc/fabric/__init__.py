"""The client: `from pyfabric.hfc.fabric import Client`."""

from pyfabric.hfc.fabric.client import Client

__all__ = ["Client"]
