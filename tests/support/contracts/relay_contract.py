"""A contract that calls chaincodes and is called, on one channel and across two."""

from pyfabric.chaincode import Context, Contract, ContractError, query, transaction


class Relay(Contract):
    """Keeps values, and passes calls on."""

    name = "Relay"

    @transaction
    def put(self, ctx: Context, key: str, value: str) -> str:
        """Write a key, set an event."""
        ctx.stub.put_state(key, value.encode())
        ctx.stub.set_event("put", key.encode())
        return value

    @query
    def get(self, ctx: Context, key: str) -> str:
        """Return the value of a key."""
        return (ctx.stub.get_state(key) or b"").decode()

    @query
    def fail(self, ctx: Context, message: str) -> None:
        """Refuse."""
        raise ContractError(message)

    @query
    def where(self, ctx: Context) -> str:
        """Return the channel and the caller's department, as the peer reports them."""
        return f"{ctx.stub.channel_id} {ctx.client.msp_id}"

    @transaction
    def call(self, ctx: Context, name: str, channel: str, arguments: list[str]) -> str:
        """Call a chaincode, and answer its status, message and payload."""
        answer = ctx.stub.invoke_chaincode(name, [each.encode() for each in arguments], channel)
        return f"{answer.status}|{answer.message}|{answer.payload.decode(errors='replace')}"

    @transaction
    def put_and_call(
        self, ctx: Context, key: str, name: str, channel: str, arguments: list[str]
    ) -> str:
        """Write a key of its own, then call."""
        ctx.stub.put_state(key, b"own")
        ctx.stub.set_event("called", key.encode())
        return self.call(ctx, name, channel, arguments)
