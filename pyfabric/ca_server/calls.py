"""One request to a CA server, as its endpoints ask for it: which CA, who calls, the body and the query."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qs

from pyfabric.ca import tokens
from pyfabric.ca.codes import CAErrorCode
from pyfabric.ca_server import requests
from pyfabric.ca_server.authority import Authority, Caller
from pyfabric.ca_server.permissions import parse_bool
from pyfabric.ca_server.refusals import RefusedError, not_authenticated
from pyfabric.errors import IdentityError


@dataclass(frozen=True, slots=True)
class Result:
    """What an endpoint answers: a value of JSON, and the path of what it made, if that has one."""

    value: object
    location: str | None = None


@dataclass(frozen=True)
class Call:
    """A request. `authorities` are those of the server by name, the first one for requests that name none.

    `variable` is the part of the path that names something.
    """

    method: str
    target: str
    header: str
    body: bytes
    authorities: Mapping[str, Authority]
    variable: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        method: str,
        target: str,
        header: str,
        body: bytes,
        authorities: Mapping[str, Authority],
        variable: str,
    ) -> "Call":
        """Return a call with the parameters of its query; of several of one name the first counts."""
        query = parse_qs(target.partition("?")[2], keep_blank_values=True)
        parameters = {name: values[0] for name, values in query.items()}
        return cls(method, target, header, body, authorities, variable, parameters)

    @cached_property
    def authority(self) -> Authority:
        """The CA that the query or else the body names; raises RefusedError if the server has no such CA."""
        name = self.ca_name
        if name not in self.authorities:
            raise RefusedError(404, CAErrorCode.NO_SUCH_CA, f"CA '{name}' does not exist")
        return self.authorities[name]

    @cached_property
    def ca_name(self) -> str:
        """The name of that CA; raises RefusedError for a body that is not JSON."""
        named = self.parameters.get("ca") or requests.ca_name(self.body)
        return named or next(iter(self.authorities))

    def flag(self, name: str) -> bool:
        """Return a parameter that is true or false; raises RefusedError for another value."""
        text = self.parameters.get(name, "").lower()
        if not text:
            return False
        found = parse_bool(text)
        if found is None:
            problem = f'strconv.ParseBool: parsing "{text}": invalid syntax'
            raise RefusedError(
                400,
                CAErrorCode.AFFILIATION_NOT_REMOVED,
                f"Failed to correctly parse value of '{name}' query parameter: {problem}",
            )
        return found

    @cached_property
    def caller(self) -> Caller:
        """Who signed the request with the key of a certificate; raises RefusedError unless it counts."""
        self._check_header()
        authority = self.authority
        try:
            certificate = tokens.verify_token(self.header, self.method, self.target, self.body)
        except IdentityError as error:
            raise not_authenticated(f"Invalid token in authorization header: {error}") from error
        return authority.caller_with_certificate(certificate)

    def caller_with_secret(self) -> Caller:
        """Return who gave a name and its secret; raises RefusedError unless both are right."""
        self._check_header()
        found = tokens.read_basic_authorization(self.header)
        if found is None:
            raise not_authenticated("No user/pass in authorization header")
        authority = self.authority
        if authority.rules.max_enrollments == 0:
            raise not_authenticated("Enroll is disabled")
        return authority.caller_with_secret(*found)

    def _check_header(self) -> None:
        if not self.header:
            code = CAErrorCode.NO_AUTHORIZATION_HEADER
            raise RefusedError(401, code, "No authorization header")
