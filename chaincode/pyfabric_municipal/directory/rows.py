"""Rows of the directory's batches, as tools make them of a catalogue."""

from collections.abc import Sequence
from typing import Any, Final

from pyfabric_municipal.common.values import DutyCode, Model, Text
from pyfabric_municipal.directory.description import Description

PER_TRANSACTION: Final = 10
"""How many resources go into one transaction: each field is an entry of an index, and a transaction has 1,000 items."""


class DutyClaim(Model):
    """A duty as its owner enters it."""

    code: DutyCode
    title: Text
    basis: Text


def duty_rows(claims: Sequence[DutyClaim]) -> list[dict[str, Any]]:
    """Return the rows of `claim_duties`."""
    return [{"id": one.code, "title": one.title, "basis": one.basis} for one in claims]


def draft_rows(descriptions: Sequence[Description]) -> list[dict[str, Any]]:
    """Return the rows of `draft`."""
    return [{"id": one.code, "description": one.model_dump(mode="json")} for one in descriptions]


def code_rows(descriptions: Sequence[Description]) -> list[dict[str, Any]]:
    """Return the rows of `submit` and `publish`."""
    return [{"id": one.code} for one in descriptions]
