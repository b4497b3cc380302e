"""The page of a contract in Markdown, made from its description and its metadata."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pyfabric.messages.json_schemas import type_name
from pyfabric.messages.languages import in_language, summary
from pyfabric_municipal.common.page_words import WORDS
from pyfabric_municipal.common.texts import Language


def page(
    tables: Mapping[str, Any], metadata: Mapping[str, Any], language: Language, note: str = ""
) -> str:
    """Return a contract's page: roles, records with their life cycles, functions, parameters and refusals.

    `tables` are those of `describe`, `metadata` those of its chaincode; `note` stands below the title.
    """
    return "\n".join(_Page(tables, metadata, language).lines(note))


class _Page:
    """The lines of a page in one language."""

    def __init__(
        self, tables: Mapping[str, Any], metadata: Mapping[str, Any], language: Language
    ) -> None:
        self._tables = tables
        self._functions: Sequence[Mapping[str, Any]] = metadata["contracts"][tables["contract"]][
            "transactions"
        ]
        self._schemas: Mapping[str, Any] = metadata["components"]["schemas"]
        self._language: Language = language
        self._words = WORDS[language]

    def lines(self, note: str) -> Iterator[str]:
        """Yield the whole page."""
        yield from (f"# {self._tables['title'] or self._tables['contract']}", "")
        yield from (line for text in (note, self._text(self._tables["doc"])) for line in (text, ""))
        yield from self._section("roles", ("role", "who"), self._roles())
        for record in self._tables["records"]:
            yield from self._record(record)
        always = ((_code(one["code"]), one[self._language]) for one in self._tables["transactions"])
        yield from self._section("transactions", ("code", "text"), always)
        functions_have = ("function", "kind", "description")
        yield from self._section("functions", functions_have, self._offered())
        arguments_have = ("function", "argument", "type", "description")
        yield from self._section("arguments", arguments_have, self._arguments())
        yield from self._section("parameters", ("parameter", "read_by"), self._parameters())
        yield from self._section("refusals", ("code", "text", "steps"), self._refusals())

    def _record(self, record: Mapping[str, Any]) -> Iterator[str]:
        """Yield the section of a type of records: what it is, its life cycle, and what is found and always true."""
        yield from (f"## {self._words['record']} {record['kind']}", "")
        yield from (self._text(record["doc"]), "")
        if record["collection"]:
            yield from (self._words["private"].format(collection=record["collection"]), "")
        if record["lock"]:
            yield from (self._words["lock"].format(**record["lock"]), "")
        if drawn := record["diagram"][self._language]:
            yield from ("```mermaid", drawn, "```", "")
        columns = ("step", "from", "to", "by", "guards", "waits", "description")
        yield from self._table(columns, self._steps(record["kind"]))
        yield from self._table(("field", "type", "description"), self._fields(record))
        always = ((_code(one["code"]), one[self._language]) for one in record["invariants"])
        yield from self._table(("always", "text"), always)
        yield from self._table(("claim",), ((_code(one),) for one in record["claims"]))
        for column, named in (("index", "indexes"), ("view", "views")):
            rows = ((_code(name), _codes(paths)) for name, paths in record[named].items())
            yield from self._table((column, "fields"), rows)

    def _steps(self, kind: str) -> Iterator[tuple[str, ...]]:
        for step in self._tables["steps"]:
            if step["record"] == kind:
                yield (
                    _code(step["step"]),
                    _codes(step["from"]),
                    ", ".join(map(self._target, step["to"])),
                    ", ".join(map(self._name, step["by"])),
                    _codes(one["code"] for one in step["guards"]),
                    "; ".join(map(self._wait, step["waits"])),
                    summary(step["doc"], self._language),
                )

    def _target(self, target: Mapping[str, Any]) -> str:
        if target["when"] is None:
            return _code(target["state"])
        return self._words["when"].format(state=_code(target["state"]), code=target["when"]["code"])

    def _wait(self, wait: Mapping[str, Any]) -> str:
        ((unit, limit),) = wait["limit"].items()
        known = {
            "limit": self._words[unit].format(limit=_code(limit)),
            "exit": _code(wait["exit"] or "-"),
        }
        which = "wait" if wait["for"] else "wait_for_time"
        if wait["for"]:
            known |= {"who": self._name(wait["for"]), "need": self._need(wait["need"])}
        through = self._words["through"].format(states=_codes(wait["states"]))
        return self._words[which].format(**known) + (through if wait["states"] else "")

    def _need(self, need: int | str | Mapping[str, str]) -> str:
        """Return how many of those who are asked must answer."""
        if isinstance(need, Mapping):
            return self._words["need_of_field"].format(**need)
        return self._words["all"] if need == "all" else str(need)

    def _fields(self, record: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
        for one in record["fields"]:
            yield (_code(one["name"]), one["type"], self._text(one["description"]))

    def _all_roles(self) -> dict[str, Mapping[str, Any]]:
        roles = [role for step in self._tables["steps"] for role in step["by"]]
        roles += [wait["for"] for step in self._tables["steps"] for wait in step["waits"]]
        return {role["role"]: role for role in roles if role is not None}

    def _roles(self) -> Iterator[tuple[str, ...]]:
        for role in self._all_roles().values():
            yield (self._name(role), self._words["also"].join(self._who(role)))

    def _who(self, role: Mapping[str, Any]) -> Iterator[str]:
        """Yield what makes somebody have a role."""
        words = self._words
        yield words[role["kind"]]
        for kind, value in (role["named_by"] or {}).items():
            yield words[f"by_{kind}"].format(value=value)
        if role["attribute"]:
            name, value = role["attribute"]
            yield words["attribute"].format(name=name, value=value)
        for excluded in ("not_department", "not_person"):
            if role[excluded]:
                yield words[excluded].format(steps=_codes(role[excluded]))

    def _offered(self) -> Iterator[tuple[str, ...]]:
        for each in self._functions:
            kind = self._words["submit" if "submitTx" in each["tag"] else "evaluate"]
            names = ", ".join(one["name"] for one in each["parameters"])
            text = summary(each.get("description", ""), self._language)
            yield (f"`{each['name']}({names})`", kind, text)

    def _arguments(self) -> Iterator[tuple[str, ...]]:
        private = {one["step"]: one["private"] for one in self._tables["steps"]}
        for each in self._functions:
            for one in each["parameters"]:
                kind = type_name(one["schema"])
                shown = kind if one["required"] else self._words["optional"].format(type=kind)
                text = self._text(one["description"])
                yield (_code(each["name"]), _code(one["name"]), shown, text)
                for row in self._members(one["name"], one["schema"]):
                    yield (_code(each["name"]), *row)
            for name, one in private.get(each["name"], {}).items():
                words = "transient" if one["collection"] else "transient_not_kept"
                shown = self._words[words].format(**one)
                yield (_code(each["name"]), _code(name), shown, self._text(one["description"]))

    def _members(self, name: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
        """Yield the members of the items of an argument that is a list of objects, such as the rows of a batch."""
        items = self._schemas.get(type_name(schema.get("items", {})), {})
        for member, found in items.get("properties", {}).items():
            text = self._text(found.get("description", ""))
            yield (_code(f"{name}[].{member}"), type_name(found), text)

    def _parameters(self) -> Iterator[tuple[str, ...]]:
        names = {name: self._name(role) for name, role in self._all_roles().items()}
        for name, readers in self._tables["parameters"].items():
            found = [
                self._words[f"{kind}_reader"].format(name=names[one] if kind == "role" else one)
                for kind, found_in in readers.items()
                for one in found_in
            ]
            yield (_code(name), self._words["also"].join(found) or self._words["code_reader"])

    def _refusals(self) -> Iterator[tuple[str, ...]]:
        for code, texts in self._tables["refusals"].items():
            steps = [one["step"] for one in self._tables["steps"] if code in one["refusals"]]
            every = len(steps) == len(self._tables["steps"])
            shown = self._words["all"] if every else _codes(steps)
            yield (_code(code), texts[self._language], shown)

    def _name(self, role: Mapping[str, Any]) -> str:
        return str(role["zh" if self._language == "zh" else "role"])

    def _text(self, text: str) -> str:
        return in_language(text, self._language)

    def _section(
        self, title: str, columns: Sequence[str], rows: Iterable[tuple[str, ...]]
    ) -> Iterator[str]:
        """Yield a section with a table; nothing if it has no rows."""
        lines = list(self._table(columns, rows))
        if lines:
            yield from (f"## {self._words[title]}", "", *lines)

    def _table(self, columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
        """Yield a table and an empty line; nothing without rows."""
        head = [self._words[one] for one in columns]
        lines = [_row(row) for row in rows]
        if lines:
            yield from (_row(head), "|" + "---|" * len(head), *lines, "")


def _row(cells: Iterable[str]) -> str:
    shown = (" ".join(cell.replace("|", "\\|").split()) for cell in cells)
    return f"| {' | '.join(shown)} |"


def _code(text: str) -> str:
    return f"`{text}`"


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(map(_code, texts))
