"""Catalogues of data resources (DCAT 3 in JSON-LD) as the rows of a table."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pyfabric_cli.data.tables import Row, Table


def catalogue_table(path: Path, msp_id: str, fields: Collection[str]) -> Table:
    """Return what a catalogue has of one department, as a function with these fields of a row takes it.

    Resources where a row has their description or their id alone, duties where it has a basis. Raises ContractError
    with the place of the fault, as the catalogue's own reader does.
    """
    from pyfabric_municipal.catalogue import read_catalogue

    catalogue = read_catalogue(path.read_bytes(), path.name)
    resources = [one.model_dump(mode="json") for one in catalogue.resources.get(msp_id, ())]
    found: list[Mapping[str, Any]]
    if "basis" in fields:
        duties = [one.model_dump(mode="json") for one in catalogue.duties.get(msp_id, ())]
        found = [{**one, "id": one["code"]} for one in duties]
    elif "description" in fields:
        found = [{"id": one["code"], "description": one} for one in resources]
    else:
        found = [{**one, "id": one["code"]} for one in resources]
    rows = [
        Row(number, {name: one[name] for name in one if name in fields})
        for number, one in enumerate(found, start=1)
    ]
    return Table(tuple(fields), tuple(rows), typed=True)
