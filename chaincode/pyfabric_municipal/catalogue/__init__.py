"""Catalogues of data resources: as values, as DCAT 3 in JSON-LD, the bundled one, and generated ones for load."""

from pyfabric_municipal.catalogue.bundled import bundled_calendars, bundled_catalogue
from pyfabric_municipal.catalogue.contents import Catalogue, batches
from pyfabric_municipal.catalogue.generating import generated_catalogue
from pyfabric_municipal.catalogue.reading import read_catalogue
from pyfabric_municipal.catalogue.writing import write_catalogue

__all__ = [
    "Catalogue",
    "batches",
    "bundled_calendars",
    "bundled_catalogue",
    "generated_catalogue",
    "read_catalogue",
    "write_catalogue",
]
