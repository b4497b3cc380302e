"""Instantiation is gone with Fabric 2.0: each name of this module raises GoneError, which names what to call."""

from pyfabric.hfc._gone import attributes

__all__: list[str] = []

__getattr__ = attributes(__name__)
