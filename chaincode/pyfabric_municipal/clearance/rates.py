"""Rates of the deed tax, pure: which rate a table gives, and what is owed by it (FACTS §5: all of it [K])."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from pyfabric_municipal.common.values import Area, Count, Fen, Model

Use = Literal["home", "other"]
PARTS: Final = 10_000


class Rate(Model):
    """A row of the table: `rate` in parts of 10,000, for whom and what.

    `homes`: for homes alone, of buyers whose household has at most that many others; `area`: up to that area.
    """

    rate: Count
    homes: Count | None = None
    area: Area | None = None

    def covers(self, use: Use, homes: int, area: int) -> bool:
        """Return whether the row is for this use, number of other homes and area (0.01 m²)."""
        is_for_them = self.homes is None or (use == "home" and homes <= self.homes)
        return is_for_them and (self.area is None or area <= self.area)


_TABLE: Final[TypeAdapter[list[Rate]]] = TypeAdapter(list[Rate])


class Tax(Model):
    """What a sale owes, and why: `homes` are those that the buyers' household has already.

    It is private, because the price follows from it.
    """

    homes: Count
    basis: Fen
    rate: Count
    fen: Fen


def tax_on(table: Sequence[Any], use: Use, area: int, homes: int, basis: int) -> Tax:
    """Return the tax on a basis in fen by the first row that covers the sale, rounded half up to a fen.

    Raises LookupError if no row does: a table ends with a row for everything.
    """
    rows = _TABLE.validate_python(table)
    row = next((one for one in rows if one.covers(use, homes, area)), None)
    if row is None:
        raise LookupError("the table of deed-tax rates has no last row for everything else")
    fen = (basis * row.rate + PARTS // 2) // PARTS
    return Tax(homes=homes, basis=basis, rate=row.rate, fen=fen)
