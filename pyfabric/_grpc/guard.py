"""The guard of a driver: it is not used after it is closed, nor in a forked child."""

import os

from pyfabric._grpc.errors import closed
from pyfabric.errors import ClientError


class Guard:
    """Whether a driver is open, in the process that made it: gRPC's connections do not survive a fork."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self.closed = False

    @property
    def forked(self) -> bool:
        """Whether this process is not the one that made the connections."""
        return os.getpid() != self._process

    def check(self) -> None:
        """Raise ClientError when no call can be made."""
        if self.closed:
            raise closed()
        if self.forked:
            raise ClientError(
                f"the gateway was connected in process {self._process}, this is its fork "
                f"{os.getpid()}: connect after the fork"
            )
