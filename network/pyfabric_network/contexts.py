"""Contexts: which department, user and channel somebody is, by name, as kubectl keeps them. No keys."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from pyfabric.errors import ConfigError
from pyfabric.local import files
from pyfabric.local.fields import Fields

if TYPE_CHECKING:  # names of contexts are completed without loading identities
    from pyfabric_network.profile import Profile

_FILE = "contexts.json"


class Language(StrEnum):
    """The language of what contracts say."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True, slots=True)
class Context:
    """A connection profile, a user of it (a name, or the path of an MSP folder) and a channel.

    `organization` is for a profile of several organisations that has no client, `language` that of what contracts say.
    """

    profile: Path
    user: str
    channel: str
    organization: str | None = None
    language: Language | None = None

    def load_profile(
        self, user: str | None = None, *, pin: Callable[[], str] | None = None
    ) -> "Profile":
        """Read the profile for the context's user, or another one; raise NetworkError. `pin` is that of `load_profile`."""
        from pyfabric_network.profile import load_profile

        return load_profile(self.profile, self.organization, pin=pin).as_user(user or self.user)


@dataclass(frozen=True, slots=True)
class _Contents:
    current: str | None = None
    contexts: dict[str, Context] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contexts:
    """The contexts kept in a state folder. Every method reads or replaces the file."""

    folder: Path

    def all(self) -> dict[str, Context]:
        """Return every context by name."""
        return self._read().contexts

    def current(self) -> str | None:
        """Return the name of the chosen context."""
        return self._read().current

    def find(self, name: str | None) -> tuple[str, Context]:
        """Return a context by name, or the chosen one; EconInfo finds quickstart/EconInfo if it is alone.

        Raises ConfigError that names the ones there are.
        """
        contents = self._read()
        if name is None and contents.current is None:
            raise ConfigError(
                "no context is chosen: bring a network up, or see `pyfabric context set --help`"
            )
        wanted = name or contents.current or ""
        exact = [found for found in contents.contexts if found == wanted]
        found = exact or [item for item in contents.contexts if item.endswith(f"/{wanted}")]
        if len(found) != 1:
            known = ", ".join(found or contents.contexts) or "none"
            what = "no context" if not found else "more than one context"
            raise ConfigError(f"{what} is named {wanted}; there are: {known}")
        return found[0], contents.contexts[found[0]]

    def put(self, name: str, context: Context) -> None:
        """Add or replace a context; the first one becomes the chosen one."""
        contents = self._read()
        self._write(
            _Contents(
                current=contents.current or name, contexts={**contents.contexts, name: context}
            )
        )

    def use(self, name: str) -> str:
        """Choose a context; answers its whole name."""
        found, _ = self.find(name)
        self._write(_Contents(current=found, contexts=self._read().contexts))
        return found

    def remove(self, name: str) -> None:
        """Delete a context; raise ConfigError if no context has that name."""
        found, _ = self.find(name)
        contents = self._read()
        rest = {key: value for key, value in contents.contexts.items() if key != found}
        current = None if contents.current == found else contents.current
        self._write(_Contents(current=current, contexts=rest))

    def _read(self) -> _Contents:
        file = self.folder / _FILE
        try:
            return _contents(Fields(json.loads(file.read_bytes())), self.folder.absolute())
        except FileNotFoundError:
            return _Contents()
        except ValueError as error:
            raise ConfigError(f"{file} is damaged: {error}") from error

    def _kept(self, profile: Path) -> Path:
        """Return a profile's path as it is kept: from the folder on, if it is in there, which may be moved."""
        path, folder = profile.absolute(), self.folder.absolute()
        return path.relative_to(folder) if path.is_relative_to(folder) else path

    def _write(self, contents: _Contents) -> None:
        document = asdict(contents)
        for context in document["contexts"].values():
            context["profile"] = str(self._kept(context["profile"]))
        text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        files.write_public(self.folder / _FILE, text.encode(), error=ConfigError)


def _contents(document: Fields, folder: Path) -> _Contents:
    document.refuse_others("current", "contexts")
    return _Contents(
        document.optional_text("current"),
        {name: _context(fields, folder) for name, fields in document.parts("contexts", {}).items()},
    )


def _context(fields: Fields, folder: Path) -> Context:
    fields.refuse_others("profile", "user", "channel", "organization", "language")
    language = fields.optional_text("language")
    return Context(
        folder / fields.text("profile"),
        fields.text("user"),
        fields.text("channel"),
        fields.optional_text("organization"),
        None if language is None else Language(language),
    )
