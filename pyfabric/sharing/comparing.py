"""What the checks of a proof compared, so that people can follow them; the first comparison that fails is the refusal."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from pyfabric.errors import DecodeError, IdentityError, PolicyError
from pyfabric.sharing.refusals import Code, ProofError


class Outcome(StrEnum):
    """What became of a comparison."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_CHECKED = "not-checked"
    """The consumer's state is not at hand."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of a check: what was compared, what was found, and what it must be."""

    check: Code
    subject: str
    found: object
    expected: object
    outcome: Outcome


class Comparisons:
    """The comparisons of one verification, in their order; `check` is the one that is being made."""

    def __init__(self) -> None:
        self.made: list[Comparison] = []
        self.check = Code.SIZE

    def equal(self, subject: str, found: object, expected: object) -> None:
        """Refuse unless the two are equal."""
        self.require(subject, found == expected, found, expected)

    def holds(self, subject: str, found: object) -> None:
        """Note what a rule has found right, which would have raised an error."""
        self.require(subject, holds=True, found=found, expected=found)

    def at_most(self, subject: str, found: int, most: int, code: Code | None = None) -> None:
        """Refuse a number that is too large."""
        self.require(subject, found <= most, found, f"at most {most}", code)

    def require(
        self, subject: str, holds: object, found: object, expected: object, code: Code | None = None
    ) -> None:
        """Refuse unless it holds, by the code of the check or a more exact one."""
        if not holds:
            raise self.refusal(subject, found, expected, code)
        self.made.append(Comparison(self.check, subject, found, expected, Outcome.HOLDS))

    def refusal(
        self, subject: str, found: object, expected: object, code: Code | None = None
    ) -> ProofError:
        """Note a comparison that fails, and return the error to raise."""
        self.made.append(Comparison(self.check, subject, found, expected, Outcome.FAILS))
        return ProofError(
            code or self.check, f"{subject} is {_shown(found)}, not {_shown(expected)}"
        )

    def not_checked(self, subject: str) -> None:
        """Note what cannot be checked without the consumer's state."""
        self.made.append(Comparison(self.check, subject, None, None, Outcome.NOT_CHECKED))

    @contextmanager
    def of(self, check: Code) -> Iterator[None]:
        """Make one check: what its rules raise is a refusal with its code."""
        self.check = check
        try:
            yield
        except (DecodeError, IdentityError, PolicyError) as error:
            self.made.append(Comparison(check, "its rules", str(error), None, Outcome.FAILS))
            raise ProofError(check, str(error)) from error


def _shown(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
