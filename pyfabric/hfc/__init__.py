"""The names, arguments and results of fabric-sdk-py (the package `hfc`) over this project's client.

A program that was written for it changes its imports: `from pyfabric.hfc.fabric import Client`. docs/hfc.md lists
every call as the same, another, or gone and why. Coroutines are coroutines, and what blocked blocks.
"""

from pyfabric.hfc.version import VERSION

__all__ = ["VERSION"]
