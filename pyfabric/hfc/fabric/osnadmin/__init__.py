"""The participation API of orderers."""

from pyfabric.hfc.fabric.osnadmin.osnadmin import OSNAdmin, OSNOperationException

__all__ = ["OSNAdmin", "OSNOperationException"]
