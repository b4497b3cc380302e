"""Ownership: who holds a unit and in which shares, as integers; holders are blinded keys in public."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from pyfabric_municipal.common import Blinded, Example, Invariant, Verdict, about
from pyfabric_municipal.common.values import Model, Positive, PositiveArea, Text, UnitCode

Form = Annotated[
    Literal["sole", "joint", "shares"],
    about("Alone, jointly without shares, or by shares.", "单独所有、共同共有（无份额）或按份共有"),
]
Keys = tuple[Blinded, ...]


class Share(Model):
    """A part of a whole, as a fraction of integers: a third is 1/3 exactly."""

    numerator: Positive
    denominator: Positive


class Holder(Model):
    """A holder by blinded key, with a share where ownership is by shares."""

    key: Blinded
    share: Share | None = None


class Ownership(Model):
    """Who holds a unit together, and how."""

    form: Form
    holders: Annotated[tuple[Holder, ...], Field(min_length=1, max_length=100)]

    def parts(self) -> Mapping[str, Fraction | None]:
        """Return each holder's part of the whole by key; None for what has no shares."""
        if self.form == "sole":
            return {str(one.key): Fraction(1) for one in self.holders}
        return {str(one.key): _part(one.share) for one in self.holders}

    def gaining(self, before: "Ownership") -> Keys:
        """Return those who hold more than before: the buyers, donees or heirs."""
        had = before.parts()
        now = self.parts()
        return tuple(one.key for one in self.holders if _gains(had, now, str(one.key)))


class Place(Model):
    """What a unit is besides its code and rights."""

    location: Text
    area: PositiveArea
    use: Annotated[Text, about("The planned use.", "规划用途")]


class Part(Model):
    """A unit that a split makes."""

    code: UnitCode
    place: Place
    ownership: Ownership


def keys_of(holders: Iterable[Holder]) -> tuple[str, ...]:
    """Return the blinded keys of holders as indexes have them."""
    return tuple(str(one.key) for one in holders)


def well_formed(step: str, within: str = "") -> tuple[Invariant, ...]:
    """Return what is always true of `ownership`, with an example for a step; `within` is the argument that has it."""

    def given(form: str, *shares: tuple[int, int]) -> Example:
        changed = {"ownership": _example(form, shares)}
        return Example(step=step, arguments={within: changed} if within else changed)

    return (
        Invariant(
            "shares",
            "各份额之和为 {sum}，必须恰为 1（共同共有和单独所有不列份额）",
            "the shares make up {sum}, not 1 exactly; only ownership by shares has shares",
            lambda record: _whole(record.ownership),
            given("shares", (1, 3), (1, 3)),
        ),
        Invariant(
            "form",
            "{form} 与 {holders} 名权利人不符，或权利人重复",
            "{holders} holders do not fit the form {form}, or one is named twice",
            lambda record: _fits(record.ownership),
            given("sole", (1, 2), (1, 2)),
        ),
    )


def _part(share: Share | None) -> Fraction | None:
    return None if share is None else Fraction(share.numerator, share.denominator)


def _gains(
    had: Mapping[str, Fraction | None], now: Mapping[str, Fraction | None], key: str
) -> bool:
    before, after = had.get(key), now[key]
    if key not in had or before is None or after is None:
        return key not in had or before != after
    return after > before


def _whole(ownership: Ownership) -> Verdict:
    shares = [_part(one.share) for one in ownership.holders]
    if ownership.form != "shares":
        return not any(shares) or {"sum": "-"}
    total = sum((one for one in shares if one is not None), Fraction())
    return (total == 1 and all(shares)) or {"sum": str(total)}


def _fits(ownership: Ownership) -> Verdict:
    count = len({str(one.key) for one in ownership.holders})
    alone = ownership.form == "sole"
    fits = count == len(ownership.holders) and (count == 1) == alone
    return fits or {"form": ownership.form, "holders": len(ownership.holders)}


_DIGITS: Final = 64
PARTY_KEY: Final = {"key_id": "pnr-1", "purpose": "estate"}
"""The key with which parties are blinded in examples, as the founding has it."""


def _example(form: str, shares: tuple[tuple[int, int], ...]) -> dict[str, Any]:
    """Return ownership as an argument, by holders who exist in examples alone."""
    with_shares = form == "shares"
    return {
        "form": form,
        "holders": [
            {
                "key": PARTY_KEY | {"mac": f"{number}" * _DIGITS},
                "share": {"numerator": top, "denominator": bottom} if with_shares else None,
            }
            for number, (top, bottom) in enumerate(shares)
        ],
    }
