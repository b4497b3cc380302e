"""What an edit is: the intent of an administrator, from which an update can be computed again at any time."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from pyfabric.admin.config.edits.draft import Draft


class Edit(ABC):
    """One change of a channel's configuration. Subclasses are frozen dataclasses, and plain values."""

    kind: ClassVar[str]
    """What it is called in a document."""

    @abstractmethod
    def apply(self, draft: Draft) -> None:
        """Change a draft; raises ConfigError for a change that cannot be made there."""

    def warnings(self, draft: Draft) -> Iterator[str]:
        """Yield what Fabric takes but what will not have the effect that it seems to have."""
        yield from ()

    def document(self) -> dict[str, Any]:
        """Return the edit as JSON, of which `read_edit` makes it again."""
        from pyfabric.admin.config.edits.documents import document  # it knows every kind of edit

        return document(self)
