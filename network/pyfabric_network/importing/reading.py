"""The files of another tool, read as a topology: which tool it is shows in what they hold."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pyfabric.errors import ConfigError
from pyfabric.local.documents import read_document
from pyfabric_network.importing.configtx import import_configtx, is_configtx
from pyfabric_network.importing.crypto_config import is_crypto_config
from pyfabric_network.importing.draft import Draft, Imported, network_name
from pyfabric_network.importing.fablo import import_fablo, is_fablo
from pyfabric_network.importing.source import Source


def import_topology(
    file: Path,
    *,
    name: str | None = None,
    crypto_configs: Sequence[Path] = (),
    profiles: Mapping[str, str] | None = None,
) -> Imported:
    """Read a fablo file, or configtx.yaml with crypto-config.yaml, as a topology called `name` (like the file, or like the
    first channel).

    `profiles` chooses profiles of configtx.yaml, each with the name of its channel (empty for one like the
    profile's). Raises NetworkError for files that cannot be read, and ConfigError for those that are of neither tool,
    or describe no network.
    """
    document = _document(file)
    crypto = [_document(one) for one in crypto_configs]
    for one, given in zip(crypto_configs, crypto, strict=True):
        if not is_crypto_config(given):
            raise ConfigError(f"{one}: is no crypto-config.yaml: it has no PeerOrgs or OrdererOrgs")
    try:
        draft = _draft(document, [Source(one) for one in crypto], name, profiles or {}, file)
        return draft.finish(file)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from error


def _draft(
    document: Mapping[str, object],
    crypto: Sequence[Source],
    name: str | None,
    profiles: Mapping[str, str],
    file: Path,
) -> Draft:
    if is_configtx(document):
        return import_configtx(Source(document), crypto, name, profiles)
    if crypto or profiles:
        raise ConfigError(
            "a profile and a crypto-config.yaml go with a configtx.yaml, which this is not"
        )
    if is_fablo(document):
        return import_fablo(Source(document), name or network_name(file.stem))
    raise ConfigError("is neither a fablo file (global, orgs) nor a configtx.yaml (Profiles)")


def _document(file: Path) -> Mapping[str, object]:
    found = read_document(file)
    if not isinstance(found, Mapping):
        raise ConfigError(f"{file}: must be an object")
    return found
