"""JSON-LD expanded to IRIs and lists, so that it reads the same whatever prefixes and shapes a document uses.

Covered: contexts within the document (prefixes, terms with @id, @type, @language and @container @list or @set, @vocab,
keywords by other names), @graph, and references to nodes elsewhere in the document. Nothing is fetched: a context
that is an address is refused. Source: W3C JSON-LD 1.1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pyfabric.chaincode import ContractError

Expanded: TypeAlias = dict[str, Any]
"""A node with "@id", "@type" (a list) and lists of values by IRI; or a literal with "@value"."""

_VALUE_KEYWORDS = frozenset({"@value", "@language", "@type"})
_TERM_KEYWORDS = frozenset({"@id", "@type", "@language", "@container", "@protected"})
_CONTEXT_KEYWORDS = frozenset({"@vocab", "@language", "@version"})


@dataclass(frozen=True, slots=True)
class Graph:
    """A document's nodes: those on its first level, and all that have an id, with what is said of them anywhere."""

    first: tuple[Expanded, ...]
    known: Mapping[str, Expanded]

    def whole(self, node: Expanded) -> Expanded:
        """Return all that the document says of a node, which may be a reference to it."""
        return self.known.get(node.get("@id", ""), node)


def expand(document: Any) -> Graph:
    """Return the nodes of a document; raises ContractError with the place of the fault."""
    items = document if isinstance(document, list) else [document]
    first = tuple(one for item in items for one in _graph(_object(item, "document"), _Context()))
    known: dict[str, Expanded] = {}
    for node in first:
        _collect(node, known)
    return Graph(first, known)


@dataclass(frozen=True)
class _Term:
    iri: str
    type: str = ""
    language: str = ""


@dataclass(frozen=True)
class _Context:
    """What the keys of an object mean."""

    terms: Mapping[str, _Term | None] = field(default_factory=dict)
    vocabulary: str = ""
    language: str = ""

    def extended(self, given: Any) -> "_Context":
        """Return this context with another over it."""
        if isinstance(given, list):
            found = self
            for one in given:
                found = found.extended(one)
            return found
        if given is None:
            return _Context()
        if isinstance(given, str):
            raise ContractError(
                f"@context: {given} is not fetched: put what it defines into the document"
            )
        texts = {key: value for key, value in _object(given, "@context").items() if key[:1] == "@"}
        if unknown := sorted(texts.keys() - _CONTEXT_KEYWORDS):
            raise ContractError(f"@context: {unknown[0]} is not supported")
        raw = {key: value for key, value in given.items() if key not in texts}
        vocabulary = str(texts.get("@vocab", self.vocabulary) or "")
        language = str(texts.get("@language", self.language) or "")
        terms = dict(self.terms)
        for key in raw:
            terms[key] = self._term(key, raw, ())
        return _Context(terms, vocabulary, language)

    def _term(self, key: str, raw: Mapping[str, Any], above: tuple[str, ...]) -> _Term | None:
        """Return what a term of a new context means, whose own prefixes may be terms of it."""
        if key in above:
            raise ContractError(f"@context: {key} is defined by itself")
        given = raw[key]
        if given is None:
            return None
        parts = given if isinstance(given, dict) else {"@id": given}
        if unknown := sorted(parts.keys() - _TERM_KEYWORDS):
            raise ContractError(f"@context: {key}: {unknown[0]} is not supported")

        def full(name: str) -> str:
            prefix, colon, rest = name.partition(":")
            if not colon or rest.startswith("//"):
                return name
            base = (
                self._term(prefix, raw, (*above, key)) if prefix in raw else self.terms.get(prefix)
            )
            return name if base is None else base.iri + rest

        name = parts.get("@id", key)
        if not isinstance(name, str):
            raise ContractError(f"@context: {key}: @id must be text")
        kind = parts.get("@type", "")
        return _Term(full(name), full(str(kind)), str(parts.get("@language") or ""))

    def key(self, name: str, place: str) -> _Term:
        """Return the term of an object's key; raises ContractError if the context does not say what it means."""
        if name in self.terms:
            found = self.terms[name]
            if found is not None:
                return found
        elif name.startswith("@"):
            return _Term(name)
        elif (found_iri := self.iri(name)) != name or ":" in name:
            return _Term(found_iri)
        elif self.vocabulary:
            return _Term(self.vocabulary + name)
        raise ContractError(f"{place}: {name} has no meaning: @context does not define it")

    def iri(self, name: str) -> str:
        """Return the IRI of a compact one, or of a term's name; other text as it is."""
        prefix, colon, rest = name.partition(":")
        if not colon:
            known = self.terms.get(name)
            return name if known is None else known.iri
        base = self.terms.get(prefix)
        return name if base is None or rest.startswith("//") else base.iri + rest


def _graph(item: Mapping[str, Any], above: _Context) -> Iterator[Expanded]:
    """Yield the nodes of an object with @graph, or the one that it is."""
    context = above.extended(item["@context"]) if "@context" in item else above
    graph = [key for key in item if key != "@context" and context.key(key, key).iri == "@graph"]
    if not graph:
        yield _node(item, above, "document")
        return
    for number, one in enumerate(_list(item[graph[0]]), start=1):
        yield from _graph(_object(one, f"@graph.{number}"), context)


def _node(item: Mapping[str, Any], above: _Context, place: str) -> Expanded:
    context = above.extended(item["@context"]) if "@context" in item else above
    node: Expanded = {}
    for name, value in item.items():
        if name == "@context":
            continue
        term = context.key(name, place)
        inner = f"{place}.{name}"
        if term.iri == "@id":
            node["@id"] = context.iri(_text(value, inner))
        elif term.iri == "@type":
            node["@type"] = [context.iri(_text(one, inner)) for one in _list(value)]
        elif term.iri.startswith("@"):
            raise ContractError(f"{inner}: {term.iri} is not supported")
        else:
            values = [found for one in _list(value) for found in _value(one, term, context, inner)]
            node.setdefault(term.iri, []).extend(values)
    return node


def _value(item: Any, term: _Term, context: _Context, place: str) -> Iterator[Expanded]:
    if item is None:
        return
    if not isinstance(item, dict):
        yield _scalar(item, term, context, place)
        return
    keys = {name: context.key(name, place).iri for name in item if name != "@context"}
    if set(keys.values()) & {"@list", "@set"}:
        ((name, _),) = keys.items() if len(keys) == 1 else [("", "")]
        for one in _list(item.get(name)):
            yield from _value(one, term, context, place)
    elif "@value" in keys.values():
        literal = {keys[name]: value for name, value in item.items() if name in keys}
        if unknown := sorted(literal.keys() - _VALUE_KEYWORDS):
            raise ContractError(f"{place}: {unknown[0]} beside @value")
        if "@type" in literal:
            literal["@type"] = context.iri(_text(literal["@type"], place))
        yield literal
    else:
        yield _node(item, context, place)


def _scalar(item: Any, term: _Term, context: _Context, place: str) -> Expanded:
    """Return a plain value as the term's definition has it: a reference, or a literal."""
    if isinstance(item, list):
        raise ContractError(f"{place}: a list within a list")
    if term.type in ("@id", "@vocab"):
        return {"@id": context.iri(_text(item, place))}
    literal: Expanded = {"@value": item}
    if term.type:
        literal["@type"] = term.type
    elif isinstance(item, str) and (language := term.language or context.language):
        literal["@language"] = language
    return literal


def _collect(node: Expanded, known: dict[str, Expanded]) -> None:
    """Note what is said of each node that has an id."""
    if "@id" in node:
        merged = known.setdefault(node["@id"], {"@id": node["@id"]})
        for key, values in node.items():
            if key != "@id":
                told = merged.get(key)
                merged[key] = (
                    list(values)
                    if told is None
                    else told + [value for value in values if value not in told]
                )
    for key, values in node.items():
        for value in values if key not in ("@id", "@type") else ():
            if "@value" not in value:
                _collect(value, known)


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ContractError(f"{place}: must be an object")
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise ContractError(f"{place}: must be text")
    return value
