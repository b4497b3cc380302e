"""The bundled data: an invented but plausible catalogue of the departments of the topology `city`, and calendars."""

import json
from importlib import resources

from pyfabric_municipal.catalogue.contents import Catalogue
from pyfabric_municipal.catalogue.reading import read_catalogue
from pyfabric_municipal.common.values.workdays import YearCalendar


def bundled_catalogue() -> Catalogue:
    """Return the bundled example: the data resources of the city's departments."""
    return read_catalogue(_data("catalogue.jsonld"), "catalogue.jsonld")


def bundled_calendars() -> tuple[YearCalendar, ...]:
    """Return the bundled calendars, one a year; the note in their file describes how they were checked."""
    document = json.loads(_data("calendars.json"))
    return tuple(YearCalendar.model_validate(year) for year in document["years"])


def _data(name: str) -> bytes:
    return resources.files("pyfabric_municipal").joinpath("data", name).read_bytes()
