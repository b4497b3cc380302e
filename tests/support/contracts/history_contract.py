"""A contract for tests of key histories."""

from pyfabric.chaincode import Context, Contract, query, transaction


class Ledger(Contract):
    """Writes, deletes, and returns the history."""

    @transaction
    def put(self, ctx: Context, key: str, value: str) -> None:
        """Write a value."""
        ctx.stub.put_state(key, value.encode())

    @transaction
    def add(self, ctx: Context, key: str, text: str) -> None:
        """Read a value and write it with a text behind it."""
        ctx.stub.put_state(key, (ctx.stub.get_state(key) or b"") + text.encode())

    @transaction
    def delete(self, ctx: Context, key: str) -> None:
        """Delete a value."""
        ctx.stub.delete_state(key)

    @transaction
    def protect(self, ctx: Context, key: str) -> None:
        """Change a key's metadata only."""
        ctx.stub.set_state_validation_parameter(key, b"")

    @transaction
    def count(self, ctx: Context, key: str) -> None:
        """Write how often a key was written."""
        number = sum(1 for _ in ctx.stub.get_history_for_key(key))
        ctx.stub.put_state(f"{key}-count", str(number).encode())

    @query
    def get(self, ctx: Context, key: str) -> str:
        """Return a value."""
        return (ctx.stub.get_state(key) or b"").decode()

    @query
    def past(self, ctx: Context, key: str) -> str:
        """Return a line for each modification: transaction id, value, time."""
        return "\n".join(
            f"{one.transaction_id} {'deleted' if one.value is None else one.value.decode()} "
            f"{one.timestamp.isoformat()}"
            for one in ctx.stub.get_history_for_key(key)
        )
