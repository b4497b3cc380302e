# Made from pyfabric/_grpc/aio_rest_clients.py by tools/make_surfaces.py: edit that, and run `make surfaces`.
"""HTTPS clients of nodes. A driver loads this module, and httpx, at its first REST request."""

import httpx

from pyfabric._grpc import rest
from pyfabric.client.effects import Answer, Endpoint, Rest


class RestClients:
    """A client for each endpoint that is asked; `proxy` obeys the environment's proxies."""

    def __init__(self, *, proxy: bool) -> None:
        self._proxy = proxy
        self._clients: dict[Endpoint, httpx.Client] = {}

    def request(self, effect: Rest) -> Answer:
        """Make a request and return its answer, whatever its status.

        Raises GatewayError when there is none, or one over the limits, and ClientError when the TLS material cannot be used.
        """
        client = self._clients.get(effect.endpoint)
        if client is None:
            context = rest.tls_context(effect.endpoint)
            client = self._clients.setdefault(
                effect.endpoint, httpx.Client(verify=context, trust_env=self._proxy)
            )
        try:
            answering = rest.Answering(effect)
            with client.stream(**rest.request_arguments(effect)) as response:
                for chunk in response.iter_raw():
                    answering.add(chunk)
            return answering.answer(response)
        except rest.FAILURES as error:
            raise rest.connection_error(effect.endpoint, error) from error

    def close(self) -> None:
        """Close every client."""
        for client in list(self._clients.values()):
            client.close()
