"""Blinded identifiers that must be comparable: all made with one key, for one purpose, which the departments agree on."""

from typing import Any

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import at_path
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.steps import Guard

_OTHER = {"key_id": "other", "purpose": "other"}


def blinded_with(parameter: str, *paths: str) -> Guard:
    """Return a guard: the blinded identifiers at these paths are made with the governed key, for its purpose.

    The parameter is an object, `{"key_id": …, "purpose": …}`. Else one person or project would have two identifiers, and a
    claim or a comparison of them would hold nobody.
    """

    def test(call: Call[Any]) -> Verdict:
        known: dict[str, Any] = call.parameter(parameter)
        found = [one for path in paths for one in _several(at_path(call.after, path))]
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
