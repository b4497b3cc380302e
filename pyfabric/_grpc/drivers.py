"""The two drivers of flows: one on grpc, one on grpc.aio."""

from pyfabric._grpc.aio_driver import AsyncDriver
from pyfabric._grpc.driver import Driver

__all__ = ["AsyncDriver", "Driver"]
