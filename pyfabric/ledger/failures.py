"""How a failed call leaves a server: a status code, a text, and a detail for each node that was asked."""

from collections.abc import Sequence
from typing import NoReturn

import grpc

from pyfabric.errors import ErrorDetail, FabricError, StatusCode
from pyfabric.messages.status_details import TRAILER, write_status

_CODES = {code.value[0]: code for code in grpc.StatusCode}


class CallError(FabricError):
    """The call fails with this status."""

    def __init__(self, code: StatusCode, message: str, details: Sequence[ErrorDetail] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = tuple(details)

    async def abort(self, context: grpc.aio.ServicerContext) -> NoReturn:
        """Abort a call with this failure; details go into the google.rpc.Status trailer."""
        trailers: tuple[tuple[str, bytes], ...] = ()
        if self.details:
            trailers = ((TRAILER, write_status(self.code, self.message, self.details)),)
        await context.abort(_CODES[int(self.code)], self.message, trailers)
        raise AssertionError("a call went on after it was aborted")
