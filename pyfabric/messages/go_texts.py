"""Texts of Go's own libraries that Fabric passes on: Protocol Buffers, gRPC and contexts."""

from typing import Final

from google.protobuf.descriptor import EnumDescriptor

from pyfabric.errors import StatusCode

INVALID_WIRE_FORMAT: Final = "proto: cannot parse invalid wire-format data"
INVALID_UTF8: Final = "string field contains invalid UTF-8"
DEADLINE_EXCEEDED: Final = "context deadline exceeded"
CANCELED: Final = "context canceled"


def enum_name(kind: EnumDescriptor, number: int) -> str:
    """Return an enum's name for a number as Go prints it: the number itself where there is none."""
    known = kind.values_by_number.get(number)
    return str(number) if known is None else known.name


def status_name(code: StatusCode) -> str:
    """Return the name that google.golang.org/grpc/codes gives a status."""
    if code is StatusCode.OK:
        return "OK"
    if code is StatusCode.CANCELLED:
        return "Canceled"
    if code.name.startswith("UNKNOWN_"):
        return f"Code({int(code)})"
    return code.name.title().replace("_", "")


def rpc_error(code: StatusCode, text: str) -> str:
    """Return a failed call as google.golang.org/grpc/status prints it."""
    return f"rpc error: code = {status_name(code)} desc = {text}"


def connection_refused(address: str, *, temporary: bool) -> str:
    """Return the description of a connection that nobody accepted at host:port.

    `temporary` is for a client that tries again; one that gives up at once (FailOnNonTempDialError)
    has other words. Source: internal/transport/http2_client.go of google.golang.org/grpc.
    """
    words = "Error while dialing" if temporary else "error while dialing"
    refused = f"dial tcp {address}: connect: connection refused"
    return f'connection error: desc = "transport: {words}: {refused}"'
