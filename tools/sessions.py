"""Example sessions of the city's contracts: what departments type, on the contract's page and in the tests.

`docs/contracts/sessions/NAME.yaml` is a list of entries, in order, of the contract NAME (its class's name in small letters), about
8 to 15 of them:

    - by: steward@MktSup             # a user of a department of network/city.yaml
      invoke: record                 # or `query`: a function; that of another contract with its name, as Estate:record
      arguments: [{...}, text]       # in order, without a holder's authorisation
      transient: {evidence: {...}}   # private values, each of them JSON; `salt` of a private record is text
      endorsers: [EconInfo, MktSup]  # who endorses, where not everybody that the chaincode's policy names may see private values
      en: A line on what is done.
      zh: 一行说明。
      refused: credit.too-old        # the refusal's code, where it must be refused
      shows: {state: published}      # part of the result otherwise
      keep: penalty                  # `$penalty` in later entries is the id of the result
      holder: zhang                  # whose key signs; the runner makes key and authorisation
      later: 86400                   # seconds that pass before the call

Texts may have `{today}`, `{today-30}`, `{today+365}` (days in Beijing), `{now}`, `{now-3600}` (UTC, seconds), `{year}` and `{year2}` (of two
digits), `{uscc Tax}` (a department's social credit code), `@key:zhang` (a holder's public key), `@salt:any` (32 bytes as digits) and
`$penalty`. A session begins on the city as it was founded (tools/found_city.py): nothing of another one is there.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from inspect import signature
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pyfabric_municipal.catalogue import bundled_catalogue
from pyfabric_municipal.common.contract import CityContract
from pyfabric_municipal.common.testing.stage import public_key, salt_of
from pyfabric_municipal.common.texts import Language
from pyfabric_municipal.common.values.timestamps import BEIJING, format_timestamp
from pyfabric_network.topology.bundled import bundled_topologies

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "contracts" / "sessions"
PAGE_MOMENT: Final = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
"""The time at which a page has its session typed."""
SIGNATURE: Final = "authorisation"
"""The argument that a holder's signature is."""
AUTHORISATION: Final = "@{holder}.json"
"""What a page shows for a holder's signature: the file that the holder's device has written."""

_PLACE: Final = re.compile(
    r"\{(?P<what>today|now|year2|year)(?P<by>[+-][0-9]+)?\}|\{uscc (?P<of>[A-Za-z]+)\}"
    r"|@key:(?P<key>[a-z_]+)|@salt:(?P<salt>[a-z_]+)|\$(?P<kept>[a-z_]+)"
)
_WORDS: Final[Mapping[Language, tuple[str, str]]] = {
    "en": (
        "Example session",
        "What departments type on the network of `network/city.yaml`, once its channels are founded; `…` is the rest of an answer.",
    ),
    "zh": (
        "办理示例",
        "以下为各部门在 `network/city.yaml` 网络上（通道筹建完成后）输入的命令，测试逐行执行；`…` 表示省略的输出。",
    ),
}


class Entry(BaseModel):
    """One call of a session; see the module."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: Annotated[str, Field(pattern=r"^[A-Za-z]+@[A-Za-z]+$")]
    invoke: str = ""
    query: str = ""
    arguments: tuple[Any, ...] = ()
    transient: Mapping[str, Any] = {}
    endorsers: tuple[str, ...] = ()
    holder: str = ""
    later: int = 0
    keep: str = ""
    en: Annotated[str, Field(min_length=10)]
    zh: Annotated[str, Field(min_length=4)]
    refused: str = ""
    shows: Any = None

    @model_validator(mode="after")
    def _is_one_call(self) -> Self:
        if bool(self.invoke) == bool(self.query):
            raise ValueError("an entry has either invoke or query")
        if bool(self.refused) == (self.shows is not None):
            raise ValueError("an entry has either refused or shows")
        return self

    def called(self, name: str) -> tuple[str, str]:
        """Return the contract, by its class's name in small letters, and its function; `name` is the session's contract."""
        contract, _, function = (self.invoke or self.query).rpartition(":")
        return contract.lower() or name, function


class Place(NamedTuple):
    """Where a contract is: the channel, the chaincode, and the name before its functions, "" for the default contract."""

    channel: str
    chaincode: str
    prefix: str


def read_session(file: Path) -> list[Entry]:
    """Return the entries of a session; raises ValueError for what is no session."""
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    return TypeAdapter(list[Entry]).validate_python(found)


@cache
def places() -> dict[str, Place]:
    """Return where each contract of network/city.yaml is, by its class's name in small letters."""
    city = yaml.safe_load(bundled_topologies()["city"].read_text(encoding="utf-8"))
    channels = {
        name: channel
        for channel, one in reversed(city["channels"].items())
        for name in one["contracts"]
    }
    return {
        kind.lower(): Place(channels[chaincode], chaincode, kind if number else "")
        for chaincode, one in city["contracts"].items()
        for number, kind in enumerate(each.rpartition(":")[2] for each in one["classes"])
    }


def resolve(value: Any, kept: Mapping[str, str], moment: datetime) -> Any:
    """Return an argument with what its texts name put in; raises KeyError for a name that nothing has."""
    if isinstance(value, str):
        return _PLACE.sub(lambda match: _named(match, kept, moment), value)
    if isinstance(value, Mapping):
        return {key: resolve(each, kept, moment) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(each, kept, moment) for each in value]
    return value


def _named(match: re.Match[str], kept: Mapping[str, str], moment: datetime) -> str:
    by = int(match["by"] or 0)
    if match["what"] == "now":
        return format_timestamp(moment + timedelta(seconds=by))
    if match["what"]:
        day = moment.astimezone(BEIJING).date()
        years = {"year": f"{day.year + by}", "year2": f"{(day.year + by) % 100:02}"}
        return years.get(match["what"]) or str(day + timedelta(days=by))
    if match["of"]:
        return _codes()[match["of"]]
    if match["key"]:
        return public_key(match["key"])
    return salt_of(match["salt"]) if match["salt"] else kept[match["kept"]]


@cache
def _codes() -> dict[str, str]:
    departments = bundled_catalogue().departments
    return {one.msp_id.removesuffix("MSP"): one.uscc for one in departments}


class Call(NamedTuple):
    """A call of an entry: by whom, of which function (with its contract's name if that is needed), with texts as they are typed."""

    by: str
    place: Place
    function: str
    arguments: tuple[str, ...]
    transient: Mapping[str, str]
    endorsers: tuple[str, ...]
    writes: bool

    def words(self) -> list[str]:
        """Return the command of the call, word by word."""
        user, _, department = self.by.partition("@")
        return [
            *("pyfabric", "chaincode", "invoke" if self.writes else "query", self.place.chaincode),
            *(self.function, *(f"@{one}" if one[:1] == "@" else one for one in self.arguments)),
            *(word for one in self.transient.items() for word in ("--transient", "=".join(one))),
            *(word for one in self.endorsers for word in ("--endorser", f"{one}MSP")),
            *("--context", department, "--user", user, "--channel", self.place.channel),
        ]


def call_of(
    entry: Entry,
    name: str,
    kept: Mapping[str, str],
    moment: datetime,
    authorisation: tuple[int, str] | None = None,
) -> Call:
    """Return the call of an entry of the session `name`; `authorisation` is a holder's, with its place among the arguments."""
    contract, function = entry.called(name)
    place = places()[contract]
    given = [as_text(one) for one in resolve(entry.arguments, kept, moment)]
    if authorisation is not None:
        number, text = authorisation
        given.insert(number, text)
    return Call(
        entry.by,
        place,
        f"{place.prefix}:{function}" if place.prefix else function,
        tuple(given),
        {
            key: as_text(value) if key == "salt" else _json(value)
            for key, value in resolve(entry.transient, kept, moment).items()
        },
        entry.endorsers,
        bool(entry.invoke),
    )


def signing_place(contract: type[CityContract], function: str) -> int:
    """Return where among a function's arguments a holder's authorisation stands; raises ValueError if it takes none."""
    names = list(signature(getattr(contract, function)).parameters)
    return names.index(SIGNATURE) - 2


def as_text(value: Any) -> str:
    """Return an argument as it is typed: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def section(
    entries: list[Entry],
    name: str,
    contracts: Mapping[str, type[CityContract]],
    language: Language,
) -> Iterator[str]:
    """Yield the lines of a session on the page of the contract `name`; `contracts` are by their names in small letters."""
    title, text = _WORDS[language]
    yield from (f"## {title}", "", text, "", "```console")
    moment, kept = PAGE_MOMENT, dict[str, str]()
    for entry in entries:
        moment += timedelta(seconds=entry.later)
        signed = None
        if entry.holder:
            contract, function = entry.called(name)
            number = signing_place(contracts[contract], function)
            signed = (number, AUTHORISATION.format(holder=entry.holder))
        yield f"# {entry.en if language == 'en' else entry.zh}"
        call = call_of(entry, name, kept, moment, signed)
        line = " ".join(map(_quoted, _shown_file(call.words(), signed)))
        if entry.keep:
            yield f"$ {entry.keep}=$({line} -o json | jq -r .result.id)"
            kept[entry.keep] = f"${entry.keep}"
        else:
            yield from (f"$ {line}", _answer(entry, kept, moment))
    yield from ("```", "")


def _shown_file(words: list[str], signed: tuple[int, str] | None) -> list[str]:
    """Return the words with a holder's signature as the file that it is read from."""
    return [one[1:] if signed and one == f"@{signed[1]}" else one for one in words]


def _quoted(word: str) -> str:
    """Return a word as a shell reads it, with the values of `$name` put in."""
    parts = re.split(r"(\$[a-z_]+)", word)
    shown = [f'"{one}"' if one[:1] == "$" else shlex.quote(one) for one in parts if one]
    return "".join(shown) or "''"


def _answer(entry: Entry, kept: Mapping[str, str], moment: datetime) -> str:
    if entry.refused:
        return f"error: … ({entry.refused})"
    shown = resolve(entry.shows, kept, moment)
    return "".join(f"…{one}" for one in _parts(shown)) + "…" if shown else as_text(shown)


def _parts(shown: Any) -> Iterator[str]:
    """Yield the members of what is shown, without what is around them."""
    if isinstance(shown, list):
        for one in shown:
            yield from _parts(one)
    elif isinstance(shown, dict):
        for name, value in shown.items():
            if isinstance(value, dict | list):
                yield from _parts(value)
            else:
                yield f"{_json(name)}: {_json(value)}"
    else:
        yield as_text(shown)


def shows(wanted: Any, found: Any) -> bool:
    """Return whether a result has what an entry shows: of objects some members, of lists the items at the beginning."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return all(name in found and shows(value, found[name]) for name, value in wanted.items())
    if isinstance(wanted, list | tuple) and isinstance(found, list | tuple):
        pairs = zip(wanted, found, strict=False)
        return len(wanted) <= len(found) and all(shows(one, other) for one, other in pairs)
    return bool(wanted == found)
