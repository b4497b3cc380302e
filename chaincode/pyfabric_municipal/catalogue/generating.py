"""Catalogues of any size for load, made of the bundled one by a seed."""

import random
from collections.abc import Iterable
from dataclasses import replace

from pyfabric_municipal.catalogue.bundled import bundled_catalogue
from pyfabric_municipal.catalogue.contents import Catalogue
from pyfabric_municipal.common.values.divisions import REGIONS, Region
from pyfabric_municipal.directory.description import DataField, Description

_YEARS = range(2015, 2026)
_MOST_FIELDS = 60
_DISTRICTS = tuple(
    one for code, one in sorted(REGIONS.items()) if one.retired is None and code != "110000"
)


def generated_catalogue(count: int, seed: int) -> Catalogue:
    """Return a catalogue of `count` resources, the same for the same seed.

    Each is a bundled resource of one district and year, with a code of its own, further fields of its department, and
    the bundled one as its series. Departments and duties are the bundled ones.
    """
    chance = random.Random(seed)  # noqa: S311 - data for load, not a secret
    base = bundled_catalogue()
    owners = [one.msp_id for one in base.departments]
    made: dict[str, list[Description]] = {msp_id: [] for msp_id in owners}
    fields = {msp_id: _fields(base.resources[msp_id]) for msp_id in owners}
    for number in range(1, count + 1):
        msp_id = owners[number % len(owners)]
        model = chance.choice(base.resources[msp_id])
        made[msp_id].append(_variant(model, number, fields[msp_id], chance))
    return replace(
        base,
        id=f"urn:gds:catalogue:generated:{seed}:{count}",
        resources={msp_id: tuple(items) for msp_id, items in made.items()},
    )


def _fields(resources: Iterable[Description]) -> tuple[DataField, ...]:
    """Return the fields of resources, each name once, without what makes a department their collector."""
    found = {one.name: one for item in resources for one in item.fields}
    return tuple(one.model_copy(update={"datum": None}) for one in found.values())


def _variant(
    model: Description, number: int, others: tuple[DataField, ...], chance: random.Random
) -> Description:
    district: Region = chance.choice(_DISTRICTS)
    year = chance.choice(_YEARS)
    own = tuple(one.model_copy(update={"datum": None}) for one in model.fields)
    room = min(_MOST_FIELDS, len(own) + len(others)) - len(own)
    names = {one.name for one in own}
    more = chance.sample(
        [one for one in others if one.name not in names], chance.randint(0, room // 4)
    )
    changes = {
        "code": f"{model.code.partition('/')[0]}/{100_000 + number:06}",
        "title": f"{district.name}{year}年{model.title}",
        "title_en": f"{model.title_en}, {district.code}, {year}",
        "abstract": f"{district.name}{year}年度分册：{model.abstract}",
        "fields": (*own, *more),
        "series": model.code,
        "related": (),
        "issued": f"{year}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        "modified": None,
        "edition": str(chance.randint(1, 9)),
    }
    return model.model_copy(update=changes)
