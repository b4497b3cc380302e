# Made from pyfabric/_grpc/aio_rest_clients.py by tools/make_surfaces.py: edit that, and run `make surfaces`.
"""HTTPS clients of nodes. A driver loads this module, and httpx, at its first REST request."""

import httpx

from pyfabric._grpc import rest
from pyfabric._grpc.time_limit import TimeLimit
from pyfabric.client.effects import Answer, Endpoint, Rest


class RestClients:
    """A client for each endpoint that is asked; `proxy` obeys the environment's proxies."""

    def __init__(self, *, proxy: bool) -> None:
        self._proxy = proxy
        self._clients: dict[tuple[Endpoint, bool], httpx.Client] = {}

    def request(self, effect: Rest) -> Answer:
        """Make a request and return its answer, whatever its status.

        Raises GatewayError when there is none, or one over the limits, and ClientError when the TLS material cannot be used.
        """
        server = (effect.endpoint, effect.is_plain)
        client = self._clients.get(server)
        if client is None:
            client = self._clients.setdefault(
                server,
                httpx.Client(
                    verify=rest.verification(effect), trust_env=self._proxy, limits=rest.LIMITS
                ),
            )
        limit = TimeLimit(rest.timeout(effect))
        try:
            with limit:
                return _exchange(client, effect, limit)
        except TimeoutError as error:
            raise rest.incomplete(effect) from error
        except rest.FAILURES as error:
            raise rest.connection_error(effect.endpoint, error) from error

    def close(self) -> None:
        """Close every client."""
        for client in list(self._clients.values()):
            client.close()


def _exchange(client: httpx.Client, effect: Rest, limit: TimeLimit) -> Answer:
    answering = rest.Answering(effect)
    arguments = rest.request_arguments(effect, limit.extensions)
    with client.stream(**arguments) as response:
        for chunk in response.iter_raw():
            answering.add(chunk)
    return answering.answer(response)
