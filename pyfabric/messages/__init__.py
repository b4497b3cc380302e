"""Fabric's messages as values of JSON and back, by their names."""

from typing import TYPE_CHECKING

from pyfabric._lazy import lazily

if TYPE_CHECKING:
    from pyfabric.messages.translation.named import decode_message, encode_message
else:
    __getattr__ = lazily(
        __name__, {"pyfabric.messages.translation.named": ["decode_message", "encode_message"]}
    )

__all__ = ["decode_message", "encode_message"]
