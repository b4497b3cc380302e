"""What a renewal is to replace, kept until all of it is replaced: the rest of its state is in what there is."""

from collections.abc import Collection
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from pyfabric.errors import NetworkError
from pyfabric.local import files
from pyfabric_network.state_folder import RESTORE

_FILE: Final = "renewal.json"


class Intent(BaseModel):
    """The serial numbers (hexadecimal) of the certificates that are to be replaced, and with `new_keys`, their keys too.

    What is still to be done is seen by which of them are in use.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    replacing: tuple[str, ...] = ()
    new_keys: bool = False

    @classmethod
    def of(cls, serials: Collection[str], *, new_keys: bool) -> Self:
        """Return the intent to replace certificates."""
        return cls(replacing=tuple(sorted(serials)), new_keys=new_keys)

    @classmethod
    def read(cls, root: Path) -> Self | None:
        """Return the renewal that was begun and is not finished, below `root`; raises NetworkError."""
        try:
            return cls.model_validate_json((root / _FILE).read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise NetworkError(f"{root / _FILE} is damaged: {RESTORE}") from error

    def keep(self, root: Path) -> None:
        """Write it below `root`, durably."""
        content = self.model_dump_json(indent=2).encode() + b"\n"
        files.write_public(root / _FILE, content, error=NetworkError)

    @staticmethod
    def finish(root: Path) -> None:
        """Forget the renewal: all of it is done."""
        with files.reported(root / _FILE, NetworkError):
            (root / _FILE).unlink(missing_ok=True)
