"""Collections as protobuf objects are gone: each name of this module raises GoneError, which names what to call."""

from pyfabric.hfc._gone import attributes

__all__: list[str] = []

__getattr__ = attributes(__name__)
