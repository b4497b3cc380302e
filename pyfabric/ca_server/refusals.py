"""How a CA refuses a request: with which status, code and text, and what it keeps for its log.

Source: lib/caerrors of Fabric CA 1.5.21. Who authenticates wrongly or lacks a right learns only that.
"""

from pyfabric.ca.codes import CAErrorCode
from pyfabric.errors import FabricError


class RefusedError(FabricError):
    """A request is refused: the client gets `status`, `code` and the text; `reason` is for the log."""

    def __init__(
        self, status: int, code: CAErrorCode, text: str, *, reason: str | None = None
    ) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.reason = text if reason is None else reason


def not_authenticated(reason: str) -> RefusedError:
    """Return the refusal of somebody who is not who they say, whatever the reason."""
    code = CAErrorCode.AUTHENTICATION_FAILURE
    return RefusedError(401, code, "Authentication failure", reason=reason)


def not_authorized(reason: str) -> RefusedError:
    """Return the refusal of what the caller has no right to, whatever the reason."""
    code = CAErrorCode.AUTHORIZATION_FAILURE
    return RefusedError(403, code, "Authorization failure", reason=reason)


def not_found(what: str) -> RefusedError:
    """Return the refusal of something that is not in the registry."""
    text = f"Failed to get {what}: sql: no rows in result set"
    return RefusedError(404, CAErrorCode.NOT_FOUND, text)
