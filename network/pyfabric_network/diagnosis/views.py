"""Views as JSON: what one department's doctor saw, for another's."""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pyfabric.errors import ConfigError, FabricError
from pyfabric_network.diagnosis.facts import View, read_configs

_VIEW = TypeAdapter(View)


def view_document(view: View) -> dict[str, Any]:
    """Return a view as plain values for JSON."""
    document: dict[str, Any] = _VIEW.dump_python(view, mode="json")
    return document


def read_view(file: Path) -> View:
    """Read the view in what `pyfabric doctor -o json` printed; raise ConfigError that names the file."""
    try:
        view = _VIEW.validate_python(json.loads(file.read_bytes())["view"])
        read_configs(view.configs.items())
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigError(f"{file}: view.{place}: {first['msg']}") from error
    except FabricError as error:
        raise ConfigError(f"{file}: the configuration of a channel is invalid: {error}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{file}: is not what `pyfabric doctor -o json` prints") from error
    return view
