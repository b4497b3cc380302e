"""The tree of affiliations, whose names are paths with dots (city.tax). Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from pyfabric.ca.records import Affiliation, RegisteredIdentity


def parent(name: str) -> str:
    """Return the affiliation above one; "" for one at the top."""
    return name.rpartition(".")[0]


def with_parents(name: str) -> list[str]:
    """Return an affiliation and all above it, from the top."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def is_within(name: str, affiliation: str) -> bool:
    """Return whether a name is an affiliation's or below it."""
    return name == affiliation or name.startswith(f"{affiliation}.")


def renamed(name: str, old: str, new: str) -> str:
    """Return the name of something in an affiliation after that was renamed."""
    return new + name.removeprefix(old)


def whole_tree(names: Collection[str]) -> Affiliation | None:
    """Return the tree of all affiliations: below a root without a name if there are several; None without any."""
    complete = dict.fromkeys(part for name in names for part in with_parents(name))
    tops = [name for name in complete if not parent(name)]
    if not tops:
        return None
    trees = tuple(_tree(name, complete, {}) for name in tops)
    return trees[0] if len(trees) == 1 else Affiliation("", trees)


def tree_of(
    name: str, names: Iterable[str], identities: Sequence[RegisteredIdentity] = ()
) -> Affiliation:
    """Return an affiliation with those of `names` that are below it, and identities where they are."""
    found: dict[str, list[RegisteredIdentity]] = {}
    for identity in identities:
        found.setdefault(identity.affiliation, []).append(identity)
    return _tree(name, list(names), found)


def _tree(
    name: str, names: Iterable[str], identities: Mapping[str, Sequence[RegisteredIdentity]]
) -> Affiliation:
    children = [one for one in names if name and parent(one) == name]
    below = tuple(_tree(one, names, identities) for one in children)
    return Affiliation(name, below, tuple(identities.get(name, ())))
