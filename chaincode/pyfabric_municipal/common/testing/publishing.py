"""What a transaction publishes: none of its private values, and only keys that no department writes alone."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from pyfabric.chaincode.testing import Endorsement
from pyfabric.rules.state.rwset import decode_read_write_set
from pyfabric_municipal.common.testing.stage import StepCall
from pyfabric_municipal.common.testing.stories import Story
from pyfabric_municipal.common.values import canonical_json

_SHORTEST = 4
"""A shorter text may be part of anything."""


def check_published(story: Story, call: StepCall, endorsed: Endorsement) -> None:
    """Raise AssertionError if blocks show a private value, its salt or its plain hash.

    Blocks have a transaction's arguments, its reads and writes (those of collections as hashes), its result and its
    event. Numbers are looked for with the names of their members.
    """
    shown = [json.dumps(call.arguments, ensure_ascii=False, default=str).encode()]
    shown += [endorsed.result, endorsed.read_write_set]
    if endorsed.event is not None:
        shown.append(endorsed.event.payload)
    for name, value in call.transient.items():
        for text in _texts(name, _parsed(value)):
            if text in story.known or text in (story.organizations or ()):
                continue
            for secret in (text, sha256(text.encode()).hexdigest()):
                if any(secret.encode() in each for each in shown):
                    raise AssertionError(f"{call.function} publishes the private value {text!r}")


def check_endorsement(endorsed: Endorsement) -> None:
    """Raise AssertionError unless the transaction needs the endorsements of the chaincode's own policy.

    It does if it writes public state, and gives no key a policy of its own.
    """
    namespaces = decode_read_write_set(endorsed.read_write_set)
    if not any(one.public.writes for one in namespaces):
        raise AssertionError("only collections are written: their policy alone decides")
    if any(one.public.metadata_writes for one in namespaces):
        raise AssertionError("a key is given an endorsement policy of its own")


def _parsed(value: bytes) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value.decode()


def _texts(name: str, value: Any) -> Iterator[str]:
    """Yield the texts of which a private value is made that could be recognised."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(key, each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(name, each)
    elif isinstance(value, str):
        if len(value) >= _SHORTEST:
            yield value
    elif value is not None:
        yield canonical_json({name: value}).decode().strip("{}")
