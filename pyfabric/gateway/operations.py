# Made from pyfabric/aio/operations.py by tools/make_surfaces.py: edit that, and run `make surfaces`.
"""The operations service of a node or contract host."""

from pyfabric.admin import operations
from pyfabric.admin.operations import Health
from pyfabric.client.effects import Endpoint
from pyfabric.gateway.administration import Administration


class Operations(Administration):
    """Health, metrics and log levels of one node or contract host, at its operations address.

    Health and version are for everybody; the rest wants an endpoint with a client certificate. A refusal or a call
    that fails raises GatewayError. Close it, or open it in `with`.
    """

    def __init__(self, node: Endpoint) -> None:
        super().__init__()
        self._node = node

    def health(self) -> Health:
        """Return what the node's own checks found."""
        return self._driver.run(operations.health(self._node))

    def version(self) -> str:
        """Return the release that the node runs, as its builder named it."""
        return self._driver.run(operations.version(self._node))

    def metrics(self) -> str:
        """Return the node's metrics, in Prometheus' text format."""
        return self._driver.run(operations.metrics(self._node))

    def log_spec(self) -> str:
        """Return which levels the node logs (`info`, `gossip=debug:info`, …)."""
        return self._driver.run(operations.log_spec(self._node))

    def set_log_spec(self, spec: str) -> None:
        """Set which levels the node logs, until it is started again."""
        self._driver.run(operations.set_log_spec(self._node, spec))
