"""The rules of a CA: who may give which attributes, how often an identity may enrol, affiliations, times, secrets."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.ca.records import Affiliation, Attribute
from pyfabric.ca_server.affiliations import is_within, renamed, tree_of, whole_tree, with_parents
from pyfabric.ca_server.allowances import check_enrolling, granted
from pyfabric.ca_server.attributes import check_attributes
from pyfabric.ca_server.durations import read_duration
from pyfabric.ca_server.identities import REVOKED, UNLIMITED, Identity, changed
from pyfabric.ca_server.permissions import (
    AFFILIATION_MANAGER,
    DELEGATE_ROLES,
    GEN_CRL,
    INTERMEDIATE_CA,
    REGISTRAR_ATTRIBUTES,
    REVOKER,
    ROLES,
    check_affiliation,
    check_type,
    parse_bool,
)
from pyfabric.ca_server.refusals import RefusedError
from pyfabric.ca_server.registry import hashed, matches

BOOLEANS = (REVOKER, GEN_CRL, AFFILIATION_MANAGER, INTERMEDIATE_CA)
NAMES = st.sampled_from((*BOOLEANS, ROLES, DELEGATE_ROLES, REGISTRAR_ATTRIBUTES, "grade", "room"))
ITEMS = st.lists(
    st.sampled_from(("*", "client", "peer", "admin", "grade", "roo*", *BOOLEANS)), max_size=4
).map(",".join)
VALUES = st.sampled_from(("true", "false", "1", "0", "")) | ITEMS
ATTRIBUTES = st.lists(st.builds(Attribute, NAMES, VALUES), max_size=6, unique_by=lambda a: a.name)
PARTS = st.sampled_from(("a", "b", "cc"))
PATHS = st.lists(PARTS, min_size=1, max_size=4).map(".".join)


def identity(
    attributes: Sequence[Attribute] = (),
    *,
    affiliation: str = "",
    allowed: int = UNLIMITED,
    enrolled: int = 0,
) -> Identity:
    return Identity("ann", "client", affiliation, tuple(attributes), allowed, "", enrolled)


@given(ATTRIBUTES, ATTRIBUTES)
def test_nobody_gives_a_right_that_he_lacks(
    held: Sequence[Attribute], requested: Sequence[Attribute]
) -> None:
    registrar = identity(held)
    if not _is_allowed(lambda: check_attributes(requested, registrar)):
        return
    own = registrar.values
    for one in requested:
        if one.name in BOOLEANS:
            assert parse_bool(own[one.name]) is True
        if one.name in (ROLES, DELEGATE_ROLES) and "*" not in own[one.name].split(","):
            assert set(one.value.split(",")) - {""} <= set(own[one.name].split(","))
        allowed = own[REGISTRAR_ATTRIBUTES].split(",")
        assert any(one.name == item or _is_wildcard(item, one.name) for item in allowed)


def _is_allowed(check: Callable[[], None]) -> bool:
    try:
        check()
    except RefusedError:
        return False
    return True


def _is_wildcard(item: str, name: str) -> bool:
    return item.endswith("*") and name.startswith(item.rstrip("*"))


@pytest.mark.parametrize("name", ["hf.EnrollmentID", "hf.Type", "hf.Affiliation", "hf.Invented"])
def test_what_every_certificate_says_is_given_by_nobody(name: str) -> None:
    registrar = identity([Attribute(REGISTRAR_ATTRIBUTES, "*")])
    with pytest.raises(RefusedError):
        check_attributes([Attribute(name, "x")], registrar)


@given(ATTRIBUTES, ATTRIBUTES)
def test_a_change_sets_what_it_names_and_nothing_else(
    before: Sequence[Attribute], changes: Sequence[Attribute]
) -> None:
    after = {one.name: one.value for one in changed(before, changes)}
    wanted = {one.name: one.value for one in before}
    for change in changes:
        wanted.pop(change.name, None)
        if change.value:
            wanted[change.name] = change.value
    assert after == wanted


@pytest.mark.parametrize(
    ("requested", "limit", "answer"),
    [(0, -1, -1), (-1, -1, -1), (3, -1, 3), (0, 5, 5), (4, 5, 4), (5, 5, 5)],
)
def test_how_often_an_identity_may_enrol(requested: int, limit: int, answer: int) -> None:
    assert granted(requested, limit) == answer


@pytest.mark.parametrize(("requested", "limit"), [(-2, -1), (-1, 5), (6, 5), (0, 0), (1, 0)])
def test_what_is_not_granted(requested: int, limit: int) -> None:
    with pytest.raises(RefusedError) as refused:
        granted(requested, limit)
    assert (refused.value.status, refused.value.code) == (400, 82)


@given(st.integers(-1, 5), st.integers(REVOKED, 6))
def test_an_identity_enrols_as_often_as_it_may(allowed: int, enrolled: int) -> None:
    may = enrolled != REVOKED and (allowed == UNLIMITED or enrolled < allowed)
    asking = identity(allowed=allowed, enrolled=enrolled)
    assert _is_allowed(lambda: check_enrolling(asking)) is (may and allowed != 0)


@given(st.lists(PATHS))
def test_a_tree_has_every_affiliation_once(names: list[str]) -> None:
    tree = whole_tree(names)
    wanted = {part for name in names for part in with_parents(name)}
    if tree is None:
        assert not wanted
        return
    found = _names(tree)
    assert len(found) == len(set(found))
    assert set(found) - {""} == wanted


@given(PATHS, st.lists(PATHS, unique=True))
def test_a_tree_of_one_has_all_below_it(name: str, names: list[str]) -> None:
    complete = {part for one in (name, *names) for part in with_parents(one)}
    assert set(_names(tree_of(name, complete))) == {one for one in complete if is_within(one, name)}


@given(PATHS, PATHS, PATHS)
def test_renaming_keeps_what_is_below(old: str, new: str, rest: str) -> None:
    assert renamed(f"{old}.{rest}", old, new) == f"{new}.{rest}"
    assert renamed(old, old, new) == new


def _names(tree: Affiliation) -> list[str]:
    return [tree.name, *(name for below in tree.affiliations for name in _names(below))]


def test_a_registrar_acts_at_and_below_its_affiliation() -> None:
    caller = identity(affiliation="city.tax")
    for affiliation in ("city.tax", "city.tax.audit"):
        check_affiliation(caller, affiliation)
    for affiliation in ("", "city", "city.taxes", "city.land"):
        with pytest.raises(RefusedError):
            check_affiliation(caller, affiliation)


def test_a_registrar_acts_on_its_types() -> None:
    caller = identity([Attribute(ROLES, "Client,peer")])
    for type_ in ("", "client", "PEER"):
        check_type(caller, type_)
    for type_ in ("admin", "orderer"):
        with pytest.raises(RefusedError):
            check_type(caller, type_)
    with pytest.raises(RefusedError):
        check_type(identity(), "client")


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("+30d", timedelta(days=30)),
        ("-2D", timedelta(days=-2)),
        ("+1h30m", timedelta(minutes=90)),
        ("-1.5s", timedelta(seconds=-1.5)),
        ("+100000h", timedelta(hours=100_000)),
        ("+0", timedelta()),
    ],
)
def test_a_time_from_now(text: str, duration: timedelta) -> None:
    assert read_duration(text) == duration


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("+1y", "Invalid time format, year (y) is not supported, please check: +1y"),
        ("+1x", 'Failed to parse duration: time: unknown unit "x" in duration "+1x"'),
        ("+1", 'Failed to parse duration: time: missing unit in duration "+1"'),
        ("+", 'Failed to parse duration: time: invalid duration "+"'),
        ("+abc", 'Failed to parse duration: time: invalid duration "+abc"'),
    ],
)
def test_what_is_no_time_from_now(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        read_duration(text)


def test_one_secret_matches_what_is_kept_of_it() -> None:
    kept = hashed("s3cret-ü", bytes(16))
    assert matches("s3cret-ü", kept)
    assert not any(matches(other, kept) for other in ("", "s3cret", "S3cret-ü", "s3cret-ü "))
    assert "s3cret" not in kept
    assert hashed("s3cret-ü", bytes(15) + b"1") != kept
