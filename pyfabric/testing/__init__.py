"""Helpers for tests of departments' systems: a network on the development ledger."""

from pyfabric.testing.networks import DevelopmentNetwork, development_network

__all__ = ["DevelopmentNetwork", "development_network"]
