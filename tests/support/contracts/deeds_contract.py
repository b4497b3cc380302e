"""A contract whose keys have key-level endorsement policies, public and private."""

from pyfabric.chaincode import (
    Context,
    Contract,
    KeyEndorsementPolicy,
    PrivateCollection,
    Stub,
    query,
    transaction,
)


def place(ctx: Context, collection: str) -> Stub | PrivateCollection:
    """Return the public state, or that of a collection."""
    return ctx.stub.collection(collection) if collection else ctx.stub


class Deeds(Contract):
    """Values, and who must endorse their change."""

    @transaction
    def put(self, ctx: Context, collection: str, key: str, value: str) -> None:
        """Write a value."""
        place(ctx, collection).put_state(key, value.encode())

    @transaction
    def bind(self, ctx: Context, collection: str, key: str, msp_id: str) -> None:
        """Require a department's peer to endorse all changes of a key from now on."""
        state = place(ctx, collection)
        policy = KeyEndorsementPolicy.from_bytes(state.get_state_validation_parameter(key))
        state.set_state_validation_parameter(key, policy.with_peers(msp_id).to_bytes())

    @transaction
    def release(self, ctx: Context, collection: str, key: str, msp_id: str) -> None:
        """Remove that policy."""
        state = place(ctx, collection)
        policy = KeyEndorsementPolicy.from_bytes(state.get_state_validation_parameter(key))
        state.set_state_validation_parameter(key, policy.without(msp_id).to_bytes())

    @query
    def bound(self, ctx: Context, collection: str, key: str) -> str:
        """Return the departments that must endorse changes of a key."""
        raw = place(ctx, collection).get_state_validation_parameter(key)
        return " ".join(KeyEndorsementPolicy.from_bytes(raw).msp_ids)

    @transaction
    def drop(self, ctx: Context, collection: str, key: str) -> None:
        """Delete a value."""
        place(ctx, collection).delete_state(key)

    @transaction
    def sum_up(self, ctx: Context, collection: str, start: str, end: str) -> int:
        """Write how long the values of a range are together."""
        found = place(ctx, collection).get_state_range(start, end)
        total = sum(len(each.value) for each in found)
        ctx.stub.put_state("total", str(total).encode())
        return total

    @transaction
    def swell(self, ctx: Context, key: str, size: int) -> None:
        """Write a value of that many bytes that are no text."""
        ctx.stub.put_state(key, b"\xff" * size)

    @transaction
    def append(self, ctx: Context, collection: str, key: str, value: str) -> None:
        """Write more behind a value."""
        state = place(ctx, collection)
        state.put_state(key, (state.get_state(key) or b"") + value.encode())

    @query
    def when(self, ctx: Context) -> str:
        """Return the time of this proposal."""
        return ctx.stub.timestamp.isoformat()

    @query
    def endorser_time(self, ctx: Context) -> str:
        """Return the time of the endorser's machine."""
        return ctx.stub.endorser_time.isoformat()

    @query
    def get(self, ctx: Context, collection: str, key: str) -> str:
        """Return a value."""
        return (place(ctx, collection).get_state(key) or b"").decode()
