"""Which requests a BFT ordering service has already: a client sends each to several of its orderers.

SmartBFT has a pool on every orderer (internal/bft/requestpool.go); texts are SmartBFT's. This one pool
serves all orderers of a process: a request is ordered once, and each orderer remembers that it has it.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from fabric_protos.common import common_pb2

from pyfabric.errors import OrdererError

_REMEMBERED: Final = 1000


class RequestPool:
    """The requests that wait, by their identifiers, and those that were delivered last."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[str]] = {}
        self._processed: OrderedDict[str, None] = OrderedDict()

    def add(self, identifier: str, orderer: str) -> bool:
        """Take a request for an orderer; returns whether it is new. Raises OrdererError if the orderer has it."""
        if identifier in self._processed:
            raise _refusal("request already processed")
        holders = self._waiting.setdefault(identifier, set())
        if orderer in holders:
            raise _refusal("request already exists")
        holders.add(orderer)
        return len(holders) == 1

    def delivered(self, identifiers: Iterable[str]) -> None:
        """Remember that requests are in a block, or were dropped."""
        for identifier in identifiers:
            self._waiting.pop(identifier, None)
            self._processed[identifier] = None
        while len(self._processed) > _REMEMBERED:
            self._processed.popitem(last=False)


def _refusal(text: str) -> OrdererError:
    return OrdererError(f"failed to submit request: {text}", status=common_pb2.SERVICE_UNAVAILABLE)
