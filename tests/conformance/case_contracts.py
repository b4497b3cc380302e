"""The contract of two departments that keep investigations: private data collections."""

from fabric_protos.common import policies_pb2

from pyfabric.chaincode import Context, Contract, query, transaction
from pyfabric.chaincode.stub import State
from pyfabric.rules.policies.syntax import format_signature_policy, parse_signature_policy


def _state(ctx: Context, collection: str) -> State:
    """Return a collection; "" is what everybody sees."""
    return ctx.stub.collection(collection) if collection else ctx.stub


class Cases(Contract):
    """Keeps what comes as transient data, so that it is in no block."""

    name = "cases"

    @transaction
    def keep(self, ctx: Context, collection: str, key: str) -> None:
        """Write the transient value "content"."""
        ctx.stub.collection(collection).put_state(key, ctx.stub.transient["content"])

    @transaction
    def note(self, ctx: Context, collection: str, key: str, value: str) -> None:
        """Write a value that the proposal shows."""
        _state(ctx, collection).put_state(key, value.encode())

    @transaction
    def amend(self, ctx: Context, collection: str, key: str, more: str) -> None:
        """Read a value and write it with something added."""
        kept = ctx.stub.collection(collection).get_state(key) or b""
        ctx.stub.collection(collection).put_state(key, kept + more.encode())

    @query
    def read(self, ctx: Context, collection: str, key: str) -> str:
        """Return the value, or nothing."""
        return (_state(ctx, collection).get_state(key) or b"").decode()

    @query
    def read_both(self, ctx: Context, collection: str, one: str, other: str) -> str:
        """Return two values that one request read."""
        values = ctx.stub.collection(collection).get_multiple_states([one, other])
        return ",".join((value or b"").decode() for value in values)

    @query
    def range(self, ctx: Context, collection: str, start: str, end: str) -> str:
        """Return the values of a range of keys."""
        found = ctx.stub.collection(collection).get_state_range(start, end)
        return ",".join(one.value.decode() for one in found)

    @query
    def search(self, ctx: Context, collection: str, wanted: str) -> str:
        """Return the values that a rich query finds."""
        found = ctx.stub.collection(collection).get_query_result(wanted)
        return ",".join(one.value.decode() for one in found)

    @query
    def fingerprint(self, ctx: Context, collection: str, key: str) -> str:
        """Return the SHA-256 of a value as the channel has it, in hexadecimal digits."""
        return (ctx.stub.collection(collection).get_hash(key) or b"").hex()

    @transaction
    def sort_then_keep(self, ctx: Context, collection: str, key: str) -> None:
        """Query private data, then write some."""
        list(ctx.stub.collection(collection).get_state_range())
        ctx.stub.collection(collection).put_state(key, b"sorted")

    @transaction
    def remove(self, ctx: Context, collection: str, key: str) -> None:
        """Delete a value; members keep what they were once given."""
        _state(ctx, collection).delete_state(key)

    @transaction
    def purge(self, ctx: Context, collection: str, key: str) -> None:
        """Delete a value and all its past."""
        ctx.stub.collection(collection).purge(key)

    @transaction
    def entrust(self, ctx: Context, collection: str, key: str, policy: str) -> None:
        """Give a key an endorsement policy of its own; "" takes it away again."""
        wanted = parse_signature_policy(policy).SerializeToString() if policy else b""
        _state(ctx, collection).set_state_validation_parameter(key, wanted)

    @query
    def trusted(self, ctx: Context, collection: str, key: str) -> str:
        """Return the endorsement policy of a key, or nothing."""
        found = _state(ctx, collection).get_state_validation_parameter(key)
        if not found:
            return ""
        return format_signature_policy(policies_pb2.SignaturePolicyEnvelope.FromString(found))
