"""A request for events that can be signed elsewhere."""

from functools import partial
from typing import TypeVar

from pyfabric.aio.connections import GatewayConnections
from pyfabric.aio.event_stream import EventStream
from pyfabric.client.event_requests import EventsRequest
from pyfabric.client.network_flows import fixed_source
from pyfabric.client.requests import Signable

E = TypeVar("E")


class EventRequest(Signable[EventsRequest[E]]):
    """A request for events: signed by the gateway's identity, or elsewhere."""

    def __init__(self, connections: GatewayConnections, request: EventsRequest[E]) -> None:
        super().__init__(request, connections.certificate)
        self._connections = connections

    def events(self) -> EventStream[E]:
        """Return the stream of the events.

        A stream that is lost after its first event is not asked for again: that would need another
        request, and so another signature.
        """
        client = self._connections.client
        return EventStream(self._connections, partial(fixed_source, client, self._request))
