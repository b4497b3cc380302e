"""The contract that the conformance suite calls: one small function for each behaviour of Fabric."""

import os
import time

from pyfabric.chaincode import Context, Contract, ContractError, query, transaction

_HOST = os.urandom(8).hex()  # a process id is 1 in every container


def _answer(ctx: Context, chaincode: str, channel: str, *arguments: str) -> bytes:
    """Return the response of another chaincode; "" as channel is this one."""
    called = [argument.encode() for argument in arguments]
    answer = ctx.stub.invoke_chaincode(chaincode, called, channel)
    answer.raise_unless_ok()
    return answer.payload


class Conformance(Contract):
    """Reads, writes, refuses, waits and dies on request."""

    name = "conformance"

    @transaction
    def put(self, ctx: Context, key: str, value: str) -> str:
        """Write a value and answer it."""
        ctx.stub.put_state(key, value.encode())
        return value

    @query
    def get(self, ctx: Context, key: str) -> str:
        """Return the value, or nothing."""
        return (ctx.stub.get_state(key) or b"").decode()

    @transaction
    def delete(self, ctx: Context, key: str) -> None:
        """Delete a value."""
        ctx.stub.delete_state(key)

    @transaction
    def increment(self, ctx: Context, key: str) -> int:
        """Read a number and write the next."""
        value = int((ctx.stub.get_state(key) or b"0").decode()) + 1
        ctx.stub.put_state(key, str(value).encode())
        return value

    @transaction
    def count(self, ctx: Context, start: str, end: str, total: str) -> int:
        """Count a range of keys and write the number."""
        number = sum(1 for _ in ctx.stub.get_state_range(start, end))
        ctx.stub.put_state(total, str(number).encode())
        return number

    @query
    def range(self, ctx: Context, start: str, end: str) -> str:
        """Return the values of a range of keys."""
        return ",".join(found.value.decode() for found in ctx.stub.get_state_range(start, end))

    @query
    def page(self, ctx: Context, start: str, end: str, size: int) -> str:
        """Return one page of a range, where the next starts, and the number of values in it."""
        page = ctx.stub.get_state_range_with_pagination(start, end, size, "")
        values = ",".join(found.value.decode() for found in page.items)
        return f"{values} next {page.bookmark} of {page.count}"

    @query
    def search(self, ctx: Context, wanted: str) -> str:
        """Return the values that a rich query finds."""
        return ",".join(found.value.decode() for found in ctx.stub.get_query_result(wanted))

    @query
    def history(self, ctx: Context, key: str) -> str:
        """Return the history of a key, newest first: values, each with its transaction."""
        return "\n".join(
            f"{change.transaction_id} {'deleted' if change.value is None else change.value.decode()}"
            for change in ctx.stub.get_history_for_key(key)
        )

    @query
    def look_up(self, ctx: Context, chaincode: str, channel: str, key: str) -> bytes:
        """Return the value of a key of another chaincode."""
        return _answer(ctx, chaincode, channel, "get", key)

    @transaction
    def copy(self, ctx: Context, chaincode: str, channel: str, key: str) -> bytes:
        """Keep here what another chaincode has under a key."""
        value = _answer(ctx, chaincode, channel, "get", key)
        ctx.stub.put_state(key, value)
        return value

    @transaction
    def pass_on(self, ctx: Context, chaincode: str, channel: str, key: str, value: str) -> bytes:
        """Call another chaincode to write a value, and record in this one that it did."""
        ctx.stub.put_state(key, b"passed on")
        return _answer(ctx, chaincode, channel, "put", key, value)

    @transaction
    def echo(self, ctx: Context, value: bytes) -> bytes:
        """Return the same bytes."""
        return value

    @transaction
    def transient(self, ctx: Context, name: str) -> bytes:
        """Return a transient value."""
        return ctx.stub.transient[name]

    @query
    def whoami(self, ctx: Context) -> str:
        """Return the caller's organisation."""
        return ctx.client.msp_id

    @query
    def peer(self, ctx: Context) -> str:
        """Return the organisation whose peer runs the function."""
        return ctx.stub.msp_id

    @transaction
    def refuse(self, ctx: Context, reason: str) -> None:
        """Refuse with a reason."""
        raise ContractError(reason)

    @transaction
    def refuse_with_code(self, ctx: Context, reason: str) -> None:
        """Refuse with a code, with facts that differ from peer to peer, and in two languages."""
        raise ContractError(
            f"refused for {reason}",
            code="conformance.refused",
            facts={"peer": ctx.stub.msp_id, "reason": reason},
            zh=f"因{reason}拒绝",
        )

    @transaction
    def have_refused(self, ctx: Context, chaincode: str, reason: str) -> bytes:
        """Call another chaincode that refuses with a code."""
        return _answer(ctx, chaincode, "", "refuse_with_code", reason)

    @transaction
    def refuse_at_length(self, ctx: Context, characters: int) -> None:
        """Refuse with a reason of `characters` Chinese characters."""
        raise ContractError("拒" * characters)

    @transaction
    def differ(self, ctx: Context, key: str) -> str:
        """Return a different result in each department's contract host."""
        ctx.stub.put_state(key, _HOST.encode())
        return _HOST

    @transaction
    def sleep(self, ctx: Context, seconds: int) -> int:
        """Take some seconds."""
        time.sleep(seconds)
        return seconds

    @transaction
    def size(self, ctx: Context, value: bytes) -> int:
        """Write a value under the key "size" and answer its length."""
        ctx.stub.put_state("size", value)
        return len(value)

    @transaction
    def announce(self, ctx: Context, name: str, payload: str) -> str:
        """Send an event."""
        ctx.stub.set_event(name, payload.encode())
        return payload

    @transaction
    def die(self, ctx: Context) -> None:
        """Kill the whole process in the middle of a call."""
        os._exit(1)
