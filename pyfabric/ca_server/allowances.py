"""How often an identity may enrol, and who may enrol now. Pure.

Source: lib/server/user/user.go and lib/util.go of Fabric CA 1.5.21.
"""

from pyfabric.ca.codes import CAErrorCode
from pyfabric.ca_server.identities import UNLIMITED, Identity
from pyfabric.ca_server.refusals import RefusedError, not_authenticated


def granted(requested: int, limit: int = UNLIMITED) -> int:
    """Return how often a new identity may enrol; 0 requests what the CA allows. Raises RefusedError."""
    if requested < UNLIMITED:
        raise _bad(
            f"Max enrollment in registration request may not be less than -1, but was {requested}"
        )
    if limit == 0:
        raise _bad("Registration is disabled")
    if requested == 0 or limit == UNLIMITED:
        return requested or limit
    if requested == UNLIMITED:
        raise _bad("Registration for infinite enrollments is not allowed")
    if requested > limit:
        raise _bad(
            f"Requested enrollments ({requested}) exceeds maximum allowable enrollments ({limit})"
        )
    return requested


def check_attempts(identity: Identity, limit: int) -> None:
    """Check that an identity has not given too many wrong secrets, one after the other; 0 is no limit."""
    if limit and identity.wrong_secrets == limit:
        raise RefusedError(
            401,
            CAErrorCode.TOO_MANY_WRONG_SECRETS,
            f"Incorrect password entered {limit} times, max incorrect password limit of {limit} reached",
        )


def check_enrolling(identity: Identity) -> None:
    """Check that an identity with the right secret may enrol once more."""
    name, allowed = identity.name, identity.max_enrollments
    if allowed == 0:
        raise not_authenticated(
            f"Zero is an invalid value for maximum enrollments on identity '{name}'"
        )
    if identity.is_revoked:
        raise not_authenticated(f"User {name} is revoked; access denied")
    if allowed != UNLIMITED and identity.enrolled >= allowed:
        raise not_authenticated(
            f"The identity {name} has already enrolled {allowed} times, "
            "it has reached its maximum enrollment allowance"
        )


def _bad(text: str) -> RefusedError:
    return RefusedError(400, CAErrorCode.BAD_MAX_ENROLLMENTS, text)
