"""The request that finds certificates that were issued, by their numbers, owners and times.

Source: lib/servercertificates.go and lib/server/certificaterequest of Fabric CA 1.5.21.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pyfabric.ca.codes import CAErrorCode
from pyfabric.ca_server.affiliations import is_within
from pyfabric.ca_server.calls import Call, Result
from pyfabric.ca_server.durations import read_duration
from pyfabric.ca_server.permissions import check_certificates
from pyfabric.ca_server.refusals import RefusedError
from pyfabric.ca_server.registry import IssuedCertificate
from pyfabric.messages.go_json import InvalidJsonError
from pyfabric.messages.go_structs import read_time

_TIMES: Final = ("revoked_start", "revoked_end", "expired_start", "expired_end")


def find(call: Call) -> Result:
    """List certificates of the identities that the caller may see."""
    caller = call.caller.identity
    check_certificates(caller)
    if call.method == "DELETE":
        raise RefusedError(500, CAErrorCode.UNKNOWN, "DELETE Not Implemented")
    authority = call.authority
    conditions = _conditions(call, authority.now())
    certificates = authority.registry.certificates(call.parameters.get("id", ""))
    if caller.affiliation:
        identities = authority.registry.identities()
        seen = {one.name for one in identities if is_within(one.affiliation, caller.affiliation)}
        certificates = [one for one in certificates if one.name in seen]
    found = [{"PEM": one.pem.decode()} for one in certificates if conditions.hold(one)]
    return Result({"certs": found, "caname": call.parameters.get("ca", "")})


@dataclass(frozen=True, slots=True)
class _Conditions:
    """What listed certificates have in common; None is no condition."""

    serial: str
    key_id: str
    expired: tuple[datetime | None, datetime | None]
    revoked: tuple[datetime | None, datetime | None]
    not_revoked: bool

    def hold(self, one: IssuedCertificate) -> bool:
        """Return whether a certificate meets all of them."""
        if (self.serial and one.serial != self.serial) or (
            self.key_id and one.key_id != self.key_id
        ):
            return False
        if not _within(one.expires, *self.expired):
            return False
        if one.revoked is None:
            return self.not_revoked or self.revoked == (None, None)
        return not self.not_revoked and _within(one.revoked, *self.revoked)


def _within(moment: datetime, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or moment >= start) and (end is None or moment <= end)


def _conditions(call: Call, now: datetime) -> _Conditions:
    """Read the conditions in a query; raises RefusedError."""
    given = call.parameters
    times = {name: _time(given.get(name, ""), name, now) for name in _TIMES}
    try:
        flags = {name: call.flag(name) for name in ("notrevoked", "notexpired")}
    except RefusedError as error:
        raise _invalid(error.text) from error
    expired = times["expired_start"], times["expired_end"]
    revoked = times["revoked_start"], times["revoked_end"]
    for kind, flag, pair in (
        ("expiration", "notexpired", expired),
        ("revocation", "notrevoked", revoked),
    ):
        if flags[flag] and pair != (None, None):
            raise _invalid(f"Can't specify {kind} time filter and the '{flag}' filter")
    return _Conditions(
        serial=given.get("serial", "").lower().lstrip("0"),
        key_id=given.get("aki", "").lower().lstrip("0"),
        expired=(now, None) if flags["notexpired"] else expired,
        revoked=revoked,
        not_revoked=flags["notrevoked"],
    )


def _time(text: str, name: str, now: datetime) -> datetime | None:
    """Return a time, or one that is so long from now ("+30d", "-12h"); None without a text."""
    if not text:
        return None
    shown = name.replace("_start", "_begin")
    try:
        if text[0] in "+-":
            return now + read_duration(text)
        return read_time(text if "T" in text else f"{text}T00:00:00Z")
    except InvalidJsonError as error:
        problem = f"Failed to parse time based on RFC3339: {error}"
        raise _invalid(f"Invalid '{shown}' value: {problem}") from error
    except ValueError as error:
        raise _invalid(f"Invalid '{shown}' value: {error}") from error


def _invalid(text: str) -> RefusedError:
    return RefusedError(400, CAErrorCode.CERTIFICATES_NOT_READ, f"Invalid Request: {text}")
