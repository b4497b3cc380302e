"""Blinded identifiers that must be comparable: all made with one key, for one purpose, which the departments agree on."""

from collections.abc import Iterator
from typing import Any

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import at_path
from pyfabric_municipal.common.private import Blinded
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.steps import Guard
from pyfabric_municipal.common.values import Model

_OTHER = {"key_id": "other", "purpose": "other"}


def blinded_with(parameter: str, *paths: str) -> Guard:
    """Return a guard: the blinded identifiers at these paths are made with the governed key, for its purpose.

    Without paths, they are all those of the step's arguments, at any depth. The parameter is an object, `{"key_id": …, "purpose": …}`. Else one person or project would have two identifiers, and a
    claim or a comparison of them would hold nobody.
    """

    def test(call: Call[Any]) -> Verdict:
        known: dict[str, Any] = call.parameter(parameter)
        found = [one for path in paths for one in _several(at_path(call.after, path))]
        found = found if paths else list(_blinded_in(list(call.arguments.values())))
        return (
            all({"key_id": one.key_id, "purpose": one.purpose} == known for one in found) or known
        )

    return Guard(
        parameter,
        "盲化标识须用密钥 {key_id} 为用途 {purpose} 生成",
        "the blinded identifier must be made with the key {key_id} for {purpose}",
        test,
        Example(parameters={parameter: _OTHER}),
        (parameter,),
    )


def _several(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _blinded_in(value: Any) -> Iterator[Blinded]:
    """Yield the blinded identifiers of a value, at any depth."""
    if isinstance(value, Blinded):
        yield value
    elif isinstance(value, Model):
        yield from _blinded_in([getattr(value, name) for name in type(value).model_fields])
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _blinded_in(one)
