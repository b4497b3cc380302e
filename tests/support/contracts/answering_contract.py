"""A contract `interop` of tests: it opens requests, and answers them from committed state in the form of a proof."""

from hashlib import sha256

from pyfabric.chaincode import Context, Contract, ContractError, query, transaction
from pyfabric.sharing import canonical
from pyfabric.sharing.requests import Answer, Request


class Interop(Contract):
    """Answers every request with what the function `record` wrote: grants and shareable functions are left out."""

    name = "interop"

    @transaction
    def record(self, ctx: Context, net: str, entity: str, value: str) -> None:
        """Write an entry, and the identity of the channel."""
        ctx.stub.put_state("net", net.encode())
        ctx.stub.put_state(f"entry/{entity}", value.encode())

    @transaction
    def open(self, ctx: Context, body: str) -> None:
        """Record a request, and which transaction recorded it."""
        digest = sha256(body.encode()).hexdigest()
        ctx.stub.put_state(f"request/{digest}", body.encode())
        ctx.stub.put_state(f"opened/{digest}", ctx.stub.transaction_id.encode())

    @query
    def answer(self, ctx: Context, digest: str) -> bytes:
        """Return the answer to a request that committed state holds."""
        body = ctx.stub.get_state(f"request/{digest}")
        opened = ctx.stub.get_state(f"opened/{digest}")
        if body is None or opened is None:
            raise ContractError("no such request is open")
        request = canonical.read(Request, body)
        found = ctx.stub.get_state(f"entry/{request.args[0]}") or b""
        return canonical.write(
            Answer(
                net=(ctx.stub.get_state("net") or b"").decode(),
                channel=ctx.stub.channel_id,
                tx=ctx.stub.transaction_id,
                time=int(ctx.stub.timestamp.timestamp()),
                contract=request.source.contract,
                fn=request.source.fn,
                args_digest=request.args_digest,
                request=digest,
                audience=request.audience,
                opened=opened.decode(),
                revision=1,
                result={"entity": request.args[0], "value": found.decode()},
            )
        )
