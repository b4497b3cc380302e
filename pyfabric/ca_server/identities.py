"""Identities as a CA's registry has them, and how a change of attributes changes one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from pyfabric.ca.records import Attribute, RegisteredIdentity

REVOKED: Final = -1
UNLIMITED: Final = -1

ENROLLMENT_ID: Final = "hf.EnrollmentID"
TYPE: Final = "hf.Type"
AFFILIATION: Final = "hf.Affiliation"


@dataclass(frozen=True)
class Identity:
    """An identity: who it is, how often it may enrol, and how often it did.

    `secret` is what the registry keeps of it, not the secret itself. `enrolled` is REVOKED for one that may not
    enrol any more. `wrong_secrets` counts since the last right one.
    """

    name: str
    type: str
    affiliation: str
    attributes: tuple[Attribute, ...]
    max_enrollments: int
    secret: str = field(repr=False)
    enrolled: int = 0
    wrong_secrets: int = 0

    @cached_property
    def values(self) -> dict[str, str]:
        """The value of each attribute."""
        return {one.name: one.value for one in self.attributes}

    @property
    def is_revoked(self) -> bool:
        """Whether it may not enrol any more."""
        return self.enrolled == REVOKED

    @property
    def units(self) -> list[str]:
        """The organisational units of its certificates: its type, then the parts of its affiliation."""
        return [part for part in (self.type, *self.affiliation.split(".")) if part]

    def record(self, secret: str = "") -> RegisteredIdentity:
        """Return what an answer has of it; `secret` is one that was set just now."""
        latest = {one.name: one for one in self.attributes}
        return RegisteredIdentity(
            self.name,
            self.type,
            self.affiliation,
            tuple(latest.values()),
            self.max_enrollments,
            secret,
        )


def with_defaults(
    attributes: Sequence[Attribute], *, name: str, type_: str, affiliation: str
) -> tuple[Attribute, ...]:
    """Return the attributes of an identity that is registered: also what every certificate says of it."""
    fixed = {ENROLLMENT_ID: name, TYPE: type_, AFFILIATION: affiliation}
    return (*attributes, *(Attribute(key, value, ecert=True) for key, value in fixed.items()))


def changed(attributes: Sequence[Attribute], changes: Iterable[Attribute]) -> tuple[Attribute, ...]:
    """Return attributes after changes: each sets the first of its name, adds one, or without a value removes it."""
    result = list(attributes)
    for change in changes:
        at = next((at for at, one in enumerate(result) if one.name == change.name), None)
        if at is None:
            result += [change] if change.value else []
        elif change.value:
            result[at] = replace(change)
        else:
            del result[at]
    return tuple(result)
