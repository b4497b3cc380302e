"""Go's texts, as Fabric 3.1.5's own programs print them."""

import pytest
from fabric_protos.common import common_pb2

from pyfabric.errors import StatusCode
from pyfabric.messages.go_texts import connection_refused, enum_name, rpc_error, status_name


# google.golang.org/grpc/codes, code_string.go
@pytest.mark.parametrize(
    ("code", "name"),
    [
        (StatusCode.OK, "OK"),
        (StatusCode.CANCELLED, "Canceled"),
        (StatusCode.UNKNOWN, "Unknown"),
        (StatusCode.INVALID_ARGUMENT, "InvalidArgument"),
        (StatusCode.DEADLINE_EXCEEDED, "DeadlineExceeded"),
        (StatusCode.NOT_FOUND, "NotFound"),
        (StatusCode.ALREADY_EXISTS, "AlreadyExists"),
        (StatusCode.PERMISSION_DENIED, "PermissionDenied"),
        (StatusCode.RESOURCE_EXHAUSTED, "ResourceExhausted"),
        (StatusCode.FAILED_PRECONDITION, "FailedPrecondition"),
        (StatusCode.ABORTED, "Aborted"),
        (StatusCode.OUT_OF_RANGE, "OutOfRange"),
        (StatusCode.UNIMPLEMENTED, "Unimplemented"),
        (StatusCode.INTERNAL, "Internal"),
        (StatusCode.UNAVAILABLE, "Unavailable"),
        (StatusCode.DATA_LOSS, "DataLoss"),
        (StatusCode.UNAUTHENTICATED, "Unauthenticated"),
        (StatusCode(17), "Code(17)"),
    ],
)
def test_a_status_has_the_name_that_go_gives_it(code: StatusCode, name: str) -> None:
    assert status_name(code) == name
    assert rpc_error(code, "no such peer") == f"rpc error: code = {name} desc = no such peer"


def test_a_refused_connection_is_told_by_whether_the_client_tries_again() -> None:
    refused = 'dialing: dial tcp 127.0.0.1:7051: connect: connection refused"'
    prefix = 'connection error: desc = "transport: '
    address = "127.0.0.1:7051"
    assert connection_refused(address, temporary=True) == f"{prefix}Error while {refused}"
    assert connection_refused(address, temporary=False) == f"{prefix}error while {refused}"


def test_a_number_that_an_enum_does_not_name_is_printed_as_it_is() -> None:
    kind = common_pb2.HeaderType.DESCRIPTOR
    assert enum_name(kind, common_pb2.HeaderType.CONFIG) == "CONFIG"
    assert enum_name(kind, 77) == "77"
    assert enum_name(kind, -1) == "-1"
