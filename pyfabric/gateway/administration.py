# Made from pyfabric/aio/administration.py by tools/make_surfaces.py: edit that, and run `make surfaces`.
"""What the administration of peers, of orderers and of nodes has in common: connections of its own."""

from pyfabric._grpc.driver import Driver
from pyfabric.local.closing import Closing


class Administration(Closing):
    """Makes calls over connections of its own. Close it, or open it in `with`."""

    def __init__(self) -> None:
        self._driver = Driver()

    def close(self) -> None:
        """Close the connections. Safe to repeat."""
        self._driver.close()
