"""A node of a JSON-LD graph as a reader asks it: by term, with the place of each fault, and nothing left unread."""

from dataclasses import dataclass, field, replace
from typing import Any

from pyfabric.chaincode import ContractError
from pyfabric_municipal.catalogue.dcat import CHINESE, ENGLISH, compact, iri
from pyfabric_municipal.catalogue.json_ld import Expanded, Graph


@dataclass(frozen=True)
class Node:
    """What a document says of one thing; `place` names it in messages, `read` is what was asked for."""

    values: Expanded
    graph: Graph
    place: str
    read: set[str] = field(default_factory=set)

    @property
    def id(self) -> str:
        """The node's id; raises ContractError if it has none."""
        found = self.values.get("@id")
        if found is None:
            raise self.fault("@id: is missing")
        return str(found)

    def at(self, place: str) -> "Node":
        """Return the node with another name for messages."""
        return replace(self, place=place)

    def fault(self, problem: str) -> ContractError:
        """Return the error for a problem of this node."""
        return ContractError(f"{self.place}: {problem}")

    def text(self, term: str) -> str:
        """Return the only text of a term."""
        found = self.texts(term)
        if len(found) != 1:
            raise self.fault(
                f"{term}: is missing" if not found else f"{term}: has {len(found)} values"
            )
        return found[0]

    def optional(self, term: str) -> str:
        """Return the only text of a term, "" if it has none."""
        return self.text(term) if self._all(term) else ""

    def texts(self, term: str) -> list[str]:
        """Return the texts of a term."""
        return [str(one) for one in self._literals(term, str, "text")]

    def flag(self, term: str) -> bool:
        """Return the only truth value of a term."""
        found = self._literals(term, bool, "true or false")
        if len(found) != 1:
            raise self.fault(f"{term}: must be given once")
        return bool(found[0])

    def names(self, term: str, *, both: bool = False) -> dict[str, str]:
        """Return texts by language: Chinese once, English at most once, and with `both` once, too."""
        found: dict[str, str] = {}
        given = self._all(term)
        for one in given:
            found[str(one.get("@language", CHINESE))] = str(one.get("@value"))
        wanted = {CHINESE, ENGLISH} if both else {CHINESE}
        if len(found) != len(given) or not wanted <= found.keys() <= {CHINESE, ENGLISH}:
            raise self.fault(
                f"{term}: a title is needed in zh and in en, once each"
                if both
                else f"{term}: a name is needed in zh, and at most one in en"
            )
        return found

    def nodes(self, term: str) -> list["Node"]:
        """Return the nodes of a term, with all that the document says of them."""
        found = []
        for one in self._all(term):
            if "@value" in one:
                raise self.fault(f"{term}: must be an object")
            found.append(Node(self.graph.whole(one), self.graph, f"{self.place}: {term}"))
        return found

    def node(self, term: str) -> "Node":
        """Return the only node of a term."""
        found = self.nodes(term)
        if len(found) != 1:
            raise self.fault(f"{term}: must be given once")
        return found[0]

    def references(self, term: str, prefix: str) -> list[str]:
        """Return what follows a prefix in the ids that a term refers to."""
        found = []
        for one in self._all(term):
            value = one.get("@id", one.get("@value", ""))
            if not str(value).startswith(prefix):
                raise self.fault(f"{term}: {value} does not begin with {prefix}")
            found.append(str(value).removeprefix(prefix))
        return found

    def reference(self, term: str, prefix: str) -> str:
        """Return what follows a prefix in the only id that a term refers to."""
        found = self.references(term, prefix)
        if len(found) != 1:
            raise self.fault(f"{term}: must be given once")
        return found[0]

    def require_read(self) -> None:
        """Refuse a term that nothing asked for."""
        unread = sorted(compact(one) for one in self.values.keys() - self.read if one[:1] != "@")
        if unread:
            raise self.fault(f"{unread[0]} has no place in the directory: remove it")

    def _all(self, term: str) -> list[Expanded]:
        self.read.add(iri(term))
        found: list[Expanded] = self.values.get(iri(term), [])
        return found

    def _literals(self, term: str, kind: type, called: str) -> list[Any]:
        found = [one.get("@value") for one in self._all(term)]
        if not all(type(one) is kind for one in found):
            raise self.fault(f"{term}: must be {called}")
        return found
