"""The requests that anybody may send who has a secret or a certificate: information, enrolment, renewal.

Source: lib/serverinfo.go and lib/serverenroll.go of Fabric CA 1.5.21.
"""

import base64
from dataclasses import replace
from typing import Final

from pyfabric.ca.codes import CAErrorCode
from pyfabric.ca_server import requests
from pyfabric.ca_server.attributes import chosen_attributes
from pyfabric.ca_server.authority import Authority, Caller
from pyfabric.ca_server.calls import Call, Result
from pyfabric.ca_server.permissions import INTERMEDIATE_CA, is_true
from pyfabric.ca_server.refusals import RefusedError, not_authorized
from pyfabric.ca_server.signing_requests import ReadRequest, read_request

VERSION: Final = "1.5"
"""The release of Fabric CA whose interface this is."""


def info(call: Call) -> Result:
    """Return what anybody may know of a CA."""
    return Result(call.authority.info(VERSION).json())


def enroll(call: Call) -> Result:
    """Issue a certificate to who knows the secret of an identity; that counts as one enrolment."""
    caller = call.caller_with_secret()
    authority = call.authority
    with authority.registry.changing():
        result = _issue(call, caller)
        enrolled = caller.identity.enrolled + 1
        authority.registry.put_identity(replace(caller.identity, enrolled=enrolled))
    return result


def reenroll(call: Call) -> Result:
    """Issue a further certificate to who has one."""
    caller = call.caller
    with call.authority.registry.changing():
        return _issue(call, caller)


def _issue(call: Call, caller: Caller) -> Result:
    authority, identity = call.authority, caller.identity
    request = requests.enrollment(call.body)
    read = read_request(request.csr)
    if identity.name not in (read.common_name,) or request.common_name not in (None, identity.name):
        raise RefusedError(
            403,
            CAErrorCode.COMMON_NAME_DIFFERS,
            "The CSR subject common name must equal the enrollment ID",
        )
    _check_ca(authority, caller, request.profile, read)
    read.check_lengths()
    attributes = chosen_attributes(identity, request.attributes)
    issued = authority.issue(request, read, identity, attributes)
    encoded = base64.b64encode(issued).decode()
    return Result({"Cert": encoded, "ServerInfo": authority.info().json()})


def _check_ca(authority: Authority, caller: Caller, profile: str, read: ReadRequest) -> None:
    """Check that who asks for the certificate of a CA may have one."""
    is_for_ca = authority.profile(profile).is_ca or read.for_ca
    if is_for_ca and not is_true(caller.identity, INTERMEDIATE_CA):
        raise not_authorized(
            f"Enrolled failed: Attribute '{INTERMEDIATE_CA}' is not set to true for identity '{caller.identity.name}'"
        )
