"""Stores of small texts by key, in which users keep who they are."""

import os
from abc import ABC, abstractmethod
from pathlib import Path

from pyfabric.errors import ClientError
from pyfabric.hfc._gone import attributes, gone
from pyfabric.local import files

__all__ = ["FileKeyValueStore", "KeyValueStore", "file_key_value_store"]

__getattr__ = attributes(__name__)


class KeyValueStore(ABC):
    """A store of texts by key; a class of one's own may keep them anywhere."""

    @abstractmethod
    def set_value(self, key: str, value: str) -> bool:
        """Keep a text under a key, over an older one."""

    @abstractmethod
    def get_value(self, key: str) -> str | None:
        """Return the text under a key, or None."""

    async_set_value = gone("util.keyvaluestore.KeyValueStore.async_set_value")
    async_get_value = gone("util.keyvaluestore.KeyValueStore.async_get_value")


class FileKeyValueStore(KeyValueStore):
    """A folder with one file for each key, readable by its owner alone: users' private keys are among them."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path
        Path(path).mkdir(parents=True, exist_ok=True)

    def set_value(self, key: str, value: str) -> bool:
        """Keep a text under a key, over an older one, and return True. Raises ClientError."""
        files.write_private(Path(self.path) / key, value.encode(), error=ClientError)
        return True

    def get_value(self, key: str) -> str | None:
        """Return the text under a key, or None."""
        try:
            return (Path(self.path) / key).read_text(encoding="utf-8")
        except OSError:
            return None

    def get_attrs(self) -> str:
        """Return the folder as text."""
        return f"path={self.path}"

    def __str__(self) -> str:
        return f"[{type(self).__name__}:{self.get_attrs()}]"


def file_key_value_store(path: str | os.PathLike[str]) -> FileKeyValueStore:
    """Return the store in a folder, which is made where it is missing."""
    return FileKeyValueStore(path)
