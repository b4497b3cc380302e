"""The bytes of a channel's configuration update."""

from pathlib import Path

__all__ = ["ChannelConfiguration"]


class ChannelConfiguration:
    """The bytes of a configuration update, given or read from a file."""

    config: bytes | None = None
    """The bytes."""

    def __init__(self, config: bytes | None = None, file_path: str | None = None) -> None:
        self.config = config or (Path(file_path).read_bytes() if file_path else None)
