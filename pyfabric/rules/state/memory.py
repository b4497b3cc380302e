"""Channel state in memory, for tests of contracts and of the rules themselves."""

from bisect import bisect_left
from collections.abc import Iterator

from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import VersionedValue, is_hashed


class MemoryState:
    """A `StateReader` and `AgedState` over dictionaries; `commit` takes over the updates of a block."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, VersionedValue]] = {}
        self._written: dict[str, dict[int, dict[str, None]]] = {}  # of hashed namespaces, by block

    def fork(self) -> "MemoryState":
        """Return a state with the same values, which later commits to either do not share."""
        copy = MemoryState()
        copy._values = {name: dict(values) for name, values in self._values.items()}
        copy._written = {
            name: {block: dict(keys) for block, keys in written.items()}
            for name, written in self._written.items()
        }
        return copy

    def get(self, namespace: str, key: str) -> VersionedValue | None:
        """Return the value of a key, or None."""
        return self._values.get(namespace, {}).get(key)

    def range(self, namespace: str, start: str, end: str) -> Iterator[tuple[str, VersionedValue]]:
        """Return the keys of a range as they are now; later commits do not change it."""
        values = self._values.get(namespace, {})
        keys = sorted(values)
        chosen = keys[bisect_left(keys, start) : bisect_left(keys, end) if end else None]
        return iter([(key, values[key]) for key in chosen])

    def written_up_to(self, namespace: str, block: int) -> list[str]:
        """Return the keys of a hashed namespace whose values a block, or one before it, wrote."""
        written = self._written.get(namespace, {})
        return [key for number in sorted(written) if number <= block for key in written[number]]

    def commit(self, updates: Updates) -> None:
        """Write what a block changed."""
        for (namespace, key), value in updates.changes.items():
            values = self._values.setdefault(namespace, {})
            before = values.pop(key, None)
            if value.value:
                values[key] = value
            if is_hashed(namespace):
                self._note(namespace, key, before, value)

    def _note(
        self, namespace: str, key: str, before: VersionedValue | None, after: VersionedValue
    ) -> None:
        """Keep the block that wrote a key, instead of the one before."""
        written = self._written.setdefault(namespace, {})
        if before is not None:
            block = before.version.block
            del written[block][key]
            if not written[block]:
                del written[block]
        if after.value:
            written.setdefault(after.version.block, {})[key] = None
