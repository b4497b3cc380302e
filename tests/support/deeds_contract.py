"""A contract whose keys have endorsement policies of their own, public and private."""

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
    """Public state, or a collection's."""
    return ctx.stub.collection(collection) if collection else ctx.stub


class Deeds(Contract):
    """Values, and who must endorse their change."""

    @transaction
    def put(self, ctx: Context, collection: str, key: str, value: str) -> None:
        """Write a value."""
        place(ctx, collection).put_state(key, value.encode())

    @transaction
    def bind(self, ctx: Context, collection: str, key: str, msp_id: str) -> None:
        """Have a department's peer endorse all changes of a key from now on."""
        state = place(ctx, collection)
        policy = KeyEndorsementPolicy.from_bytes(state.get_state_validation_parameter(key))
        state.set_state_validation_parameter(key, policy.with_peers(msp_id).to_bytes())

    @transaction
    def release(self, ctx: Context, collection: str, key: str, msp_id: str) -> None:
        """End that."""
        state = place(ctx, collection)
        policy = KeyEndorsementPolicy.from_bytes(state.get_state_validation_parameter(key))
        state.set_state_validation_parameter(key, policy.without(msp_id).to_bytes())

    @query
    def bound(self, ctx: Context, collection: str, key: str) -> str:
        """The departments that must endorse changes of a key."""
        raw = place(ctx, collection).get_state_validation_parameter(key)
        return " ".join(KeyEndorsementPolicy.from_bytes(raw).msp_ids)
