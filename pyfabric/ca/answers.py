"""The envelope of every answer of a Fabric CA: a result, or the errors for which it refused.

Source: lib/serverendpoint.go of Fabric CA 1.5.21. The status is not enough to judge by: a list that fails when its
first part was sent has status 200, and others have 201 for 200.
"""

import json
from collections.abc import Mapping
from typing import Final, NoReturn

from pyfabric.ca.codes import CAErrorCode
from pyfabric.client.effects import Answer
from pyfabric.errors import CAError, DecodeError

_HINTS: Final[Mapping[int, str]] = {
    CAErrorCode.AUTHENTICATION_FAILURE: (
        "the name or secret is wrong or used up, or the certificate is another CA's, expired or revoked; "
        "the CA's log has the reason"
    ),
    CAErrorCode.AUTHORIZATION_FAILURE: (
        "the caller's attributes (hf.…), type or affiliation do not allow it; the CA's log has the reason"
    ),
    CAErrorCode.TOO_MANY_WRONG_SECRETS: "a registrar can give the identity a new secret",
    CAErrorCode.NO_SUCH_CA: "name one of the server's CAs",
}
_LONGEST: Final = 200


def write_result(result: object) -> bytes:
    """Return the body of an answer with a result, a value of JSON."""
    return _written(result, [], success=True)


def write_refusal(code: int, message: str) -> bytes:
    """Return the body of an answer that refuses."""
    return _written("", [{"code": int(code), "message": message}], success=False)


def read_result(answer: Answer, *, address: str) -> object:
    """Return the result of an answer.

    Raises CAError for a refusal, with the CA's own code and text, and DecodeError for bytes that are no answer.
    """
    content = _content(answer, address)
    errors = content.get("errors")
    if errors or not 200 <= answer.status < 300 or content.get("success") is not True:
        _refuse(errors, answer.status, address)
    return content.get("result")


def _written(result: object, errors: list[object], *, success: bool) -> bytes:
    envelope = {"result": result, "errors": errors, "messages": [], "success": success}
    return json.dumps(envelope, separators=(",", ":"), ensure_ascii=False).encode()


def _content(answer: Answer, address: str) -> Mapping[str, object]:
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        if 200 <= answer.status < 300:
            raise DecodeError(
                f"{address}: the CA answered {len(answer.body)} bytes that are not JSON"
            ) from error
        raise _unreadable(answer, address) from error
    if not isinstance(content, dict):
        raise DecodeError(f"{address}: the CA answered JSON that is not an object")
    return content


def _unreadable(answer: Answer, address: str) -> CAError:
    """Return the error of a status without the envelope: another server's, or a redirection."""
    if 300 <= answer.status < 400:
        problem = "it redirects, which is not followed: give the CA's own address"
    else:
        text = " ".join(answer.body[:_LONGEST].decode(errors="replace").split())
        problem = f"{text or 'no reason given'}: is this the address of a Fabric CA?"
    return CAError(
        f"HTTP status {answer.status}: {problem}",
        code=CAErrorCode.UNKNOWN,
        status=answer.status,
        address=address,
    )


def _refuse(errors: object, status: int, address: str) -> NoReturn:
    first = errors[0] if isinstance(errors, list) and errors else {}
    members = first if isinstance(first, dict) else {}
    code, message = members.get("code"), members.get("message")
    known = code if isinstance(code, int) and not isinstance(code, bool) else CAErrorCode.UNKNOWN
    raise CAError(
        message
        if isinstance(message, str) and message
        else f"HTTP status {status}, no reason given",
        code=known,
        status=status,
        address=address,
        hint=_HINTS.get(known, ""),
    )
