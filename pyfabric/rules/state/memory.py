"""Channel state in memory, for tests of contracts and of the rules themselves."""

from bisect import bisect_left
from collections.abc import Iterator

from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import VersionedValue


class MemoryState:
    """A `StateReader` over a dictionary; `commit` takes over the updates of a block."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, VersionedValue]] = {}

    def get(self, namespace: str, key: str) -> VersionedValue | None:
        """Return the value of a key, or None."""
        return self._values.get(namespace, {}).get(key)

    def range(self, namespace: str, start: str, end: str) -> Iterator[tuple[str, VersionedValue]]:
        """Return the keys of a range as they are now; later commits do not change it."""
        values = self._values.get(namespace, {})
        keys = sorted(values)
        chosen = keys[bisect_left(keys, start) : bisect_left(keys, end) if end else None]
        return iter([(key, values[key]) for key in chosen])

    def commit(self, updates: Updates) -> None:
        """Write what a block changed."""
        for (namespace, key), value in updates.changes.items():
            values = self._values.setdefault(namespace, {})
            if value.value:
                values[key] = value
            else:
                values.pop(key, None)
