"""When a driver may be used: not after it is closed, and not in a forked child."""

import os

from pyfabric._grpc.errors import closed
from pyfabric.errors import ClientError


class Guard:
    """Remembers the process it was made in; gRPC's connections do not survive a fork."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self.closed = False

    @property
    def forked(self) -> bool:
        """Whether this process is not the one that made the connections."""
        return os.getpid() != self._process

    def check(self) -> None:
        """Raises ClientError when no call can be made."""
        if self.closed:
            raise closed()
        if self.forked:
            raise ClientError(
                f"the gateway was connected in process {self._process}, this is its fork "
                f"{os.getpid()}: connect after the fork"
            )
