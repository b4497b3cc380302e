"""The endpoints of a CA server: which request is whose, and how its answer is written.

Source: lib/server.go and lib/serverendpoint.go of Fabric CA 1.5.21. Idemix has no endpoints here.
"""

import logging
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from pyfabric._http.server import Request, Response
from pyfabric.ca.answers import write_refusal, write_result
from pyfabric.ca.codes import CAErrorCode
from pyfabric.ca_server import affiliating, enrolling, finding, registering, revoking
from pyfabric.ca_server.authority import Authority
from pyfabric.ca_server.calls import Call, Result
from pyfabric.ca_server.refusals import RefusedError
from pyfabric.errors import FabricError

_LOG = logging.getLogger(__name__)

Handler = Callable[[Call], Result]
_PATH: Final = re.compile(r"(?:/api/v1)?/([a-z]+)(?:/([^/]+))?")
_JSON: Final = {"Content-Type": "application/json"}
ENDPOINTS: Final[Mapping[tuple[str, bool], Mapping[str, Handler]]] = {
    ("cainfo", False): dict.fromkeys(("GET", "POST", "HEAD"), enrolling.info),
    ("enroll", False): {"POST": enrolling.enroll},
    ("reenroll", False): {"POST": enrolling.reenroll},
    ("register", False): {"POST": registering.register},
    ("revoke", False): {"POST": revoking.revoke},
    ("gencrl", False): {"POST": revoking.make_crl},
    ("identities", False): {"GET": registering.list_all, "POST": registering.add},
    ("identities", True): {
        "GET": registering.show,
        "PUT": registering.change,
        "DELETE": registering.remove,
    },
    ("affiliations", False): {"GET": affiliating.list_all, "POST": affiliating.add},
    ("affiliations", True): {
        "GET": affiliating.show,
        "PUT": affiliating.rename,
        "DELETE": affiliating.remove,
    },
    ("certificates", False): {"GET": finding.find, "DELETE": finding.find},
}
"""The handlers by their methods, by the name in a path and whether something is named behind it."""

_CREATING: Final = frozenset({"enroll", "reenroll", "register"})
_ADDING: Final = frozenset({"identities", "affiliations"})


class Endpoints:
    """Answers the requests to the CAs of one server, one request at a time.

    In Fabric CA, after somebody has asked to add an identity (or an affiliation), the list of identities has status
    201, too, until the server stops: clients look at the answer, not at its status.
    """

    def __init__(self, authorities: Mapping[str, Authority]) -> None:
        self._authorities = authorities
        self._added: set[str] = set()

    def answer(self, request: Request) -> Response:
        """Return the answer to a request."""
        found = _PATH.fullmatch(unquote(request.path))
        name, variable = (found[1], found[2] or "") if found else ("", "")
        handlers = ENDPOINTS.get((name, bool(variable)))
        if handlers is None:
            return Response(
                404, b"404 page not found\n", {"Content-Type": "text/plain; charset=utf-8"}
            )
        try:
            result = self._result(request, handlers, variable)
        except RefusedError as error:
            _LOG.info("%s %s: %d: %s", request.method, request.path, error.status, error.reason)
            return Response(error.status, write_refusal(error.code, error.text), _JSON)
        except FabricError as error:
            _LOG.error("%s %s: %s", request.method, request.path, error)
            return Response(500, write_refusal(CAErrorCode.UNKNOWN, str(error)), _JSON)
        status = self._status(name, variable)
        _LOG.info("%s %s: %d", request.method, request.path, status)
        location = {} if result.location is None else {"Location": result.location}
        return Response(status, write_result(result.value), {**_JSON, **location})

    def _result(self, request: Request, handlers: Mapping[str, Handler], variable: str) -> Result:
        if request.method not in handlers:
            code = CAErrorCode.METHOD_NOT_ALLOWED
            raise RefusedError(405, code, f"Method {request.method} is not allowed")
        if request.body is None:
            problem = "Failed reading request body: http: request body too large"
            raise RefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, CAErrorCode.BODY_NOT_READ, problem
            )
        call = Call.of(
            request.method,
            request.target,
            request.headers.get("authorization", ""),
            request.body,
            self._authorities,
            variable,
        )
        handler = handlers[request.method]
        if handler in (registering.add, affiliating.add):
            _ = call.caller
            self._added.add("identities" if handler is registering.add else "affiliations")
        return handler(call)

    def _status(self, name: str, variable: str) -> int:
        created = name in _CREATING or (name in self._added and not variable)
        return 201 if created else 200
