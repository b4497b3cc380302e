"""A transaction run by a chaincode, blocking or with asyncio, whose every request is answered at once."""

from collections.abc import Coroutine
from typing import Any

from fabric_protos.peer import chaincode_shim_pb2 as shim

from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.invocation import ERROR, Invocation, Result
from pyfabric.chaincode.stub import Exchange

Type = shim.ChaincodeMessage.Type


def call(chaincode: Chaincode, invocation: Invocation, answer: Exchange) -> Result:
    """Run the function that an invocation names."""
    if not chaincode.is_async(invocation):
        return chaincode.run(invocation, answer)

    async def answer_async(kind: Type, payload: bytes) -> bytes:
        return answer(kind, payload)

    return _finish(chaincode.run_async(invocation, answer_async))


def _finish(run: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine whose every request is answered at once, and which may wait for nothing else."""
    try:
        run.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    run.close()
    return Result(
        ERROR,
        "an asynchronous contract awaited something other than its stub: a test ledger has nothing "
        "else that it could wait for; await only what the stub returns",
        b"",
        None,
    )
