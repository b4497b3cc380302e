"""How large a message may be: the limit of Fabric's peers."""

from typing import Final

MEGABYTE: Final = 1024 * 1024
MAX_MESSAGE: Final = 100 * MEGABYTE
