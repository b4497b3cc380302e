"""The peers of one department, in the order in which they are asked."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from pyfabric.client.effects import Effect, Endpoint, Flow
from pyfabric.errors import ClientError, GatewayError, StatusCode

T = TypeVar("T")

SILENT: Final = frozenset({StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED})
"""The codes of a peer that did not answer: another one may."""


class Peers:
    """Peers of which any may be asked: a peer that did not answer is asked last from then on.

    So the peer that answered a question answers the next one too: a read after a commit is at a peer that has
    the commit's block.
    """

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        if not endpoints:
            raise ClientError("no peer to connect to: name at least one peer")
        self._order = tuple(endpoints)

    @property
    def order(self) -> Sequence[Endpoint]:
        """All peers, in the order in which they are asked."""
        return self._order

    def watch(self, flow: Flow[T]) -> Flow[T]:
        """Run a flow, and put each peer last that does not answer one of its calls."""
        try:
            effect = next(flow)
            while True:
                answer: Any = None
                failure: Exception | None = None
                try:
                    answer = yield effect
                except GatewayError as error:
                    failure = error
                    self._note(effect, error)
                except Exception as error:  # noqa: BLE001 - the flow decides about every other error
                    failure = error
                effect = flow.send(answer) if failure is None else flow.throw(failure)
        except StopIteration as stop:
            value: T = stop.value
            return value
        finally:
            flow.close()

    def _note(self, effect: Effect, error: GatewayError) -> None:
        endpoint = getattr(effect, "endpoint", None)
        if error.code in SILENT and endpoint in self._order and len(self._order) > 1:
            rest = (one for one in self._order if one != endpoint)
            self._order = (*rest, endpoint)
