"""Runs a flow in a test without a network: the test gives the result of each effect."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pyfabric.client.effects import Flow

T = TypeVar("T")


def play(flow: Flow[T], answers: Mapping[type, Callable[[Any], Any]]) -> T:
    """Return the flow's value; an answer that is an exception is thrown into the flow."""
    try:
        effect = next(flow)
        while True:
            answer = answers[type(effect)](effect)
            effect = flow.throw(answer) if isinstance(answer, Exception) else flow.send(answer)
    except StopIteration as stop:
        value: T = stop.value
        return value
    finally:
        flow.close()
