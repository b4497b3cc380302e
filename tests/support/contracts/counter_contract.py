"""A contract for tests of whole networks: a counter, and a function that kills its process."""

import os

from pyfabric.chaincode import Context, Contract, query, transaction


class Counter(Contract):
    """Counts under names."""

    @transaction
    def add(self, ctx: Context, name: str) -> int:
        """Add one; the new value."""
        value = int(ctx.stub.get_state(name) or b"0") + 1
        ctx.stub.put_state(name, str(value).encode())
        ctx.stub.set_event("added", name.encode())
        return value

    @query
    def value(self, ctx: Context, name: str) -> int:
        """Return the value of a counter."""
        return int(ctx.stub.get_state(name) or b"0")

    @transaction
    def die(self, ctx: Context) -> None:
        """Stop the process immediately."""
        os._exit(3)
