"""Requests step by step are gone; the words for chaincodes and steps are kept."""

from pyfabric.hfc._gone import attributes
from pyfabric.hfc.util.consts import (
    CC_INSTALL,
    CC_INSTANTIATE,
    CC_INVOKE,
    CC_QUERY,
    CC_TYPE_CAR,
    CC_TYPE_GOLANG,
    CC_TYPE_JAVA,
    CC_TYPE_NODE,
    CC_UPGRADE,
)

__all__ = [
    "CC_INSTALL",
    "CC_INSTANTIATE",
    "CC_INVOKE",
    "CC_QUERY",
    "CC_TYPE_CAR",
    "CC_TYPE_GOLANG",
    "CC_TYPE_JAVA",
    "CC_TYPE_NODE",
    "CC_UPGRADE",
]

__getattr__ = attributes(__name__)
