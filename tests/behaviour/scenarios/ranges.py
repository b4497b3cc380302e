"""Ranges of public state: bounds, order, composite keys, iterators, and what of a range is recorded."""

from tests.behaviour.effects import Effects
from tests.behaviour.program import (
    Refused,
    close,
    composite,
    delete,
    get_composite,
    get_range,
    put,
    raw,
    take,
)
from tests.behaviour.scenario import Scenario, evaluate, submit

_THREE = submit(put("$a", b"1"), put("$b", b"2"), put("$c", b"3"))
_MANY = submit(*(put(f"${number:03}", b"v") for number in range(205)))


def _items(start: int, end: int) -> list[list[object]]:
    return [[f"${number:03}", b"v"] for number in range(start, end)]


SCENARIOS = (
    Scenario(
        "a range holds its start and not its end",
        (
            _THREE,
            submit(
                get_range("$a", "$c"),
                answers=[[["$a", b"1"], ["$b", b"2"]]],
                effects=Effects(ranges=[("$a", "$c", True, 2)]),
            ),
        ),
    ),
    Scenario(
        "a range that is empty is recorded too",
        (
            submit(
                get_range("$x", "$y"),
                answers=[[]],
                effects=Effects(ranges=[("$x", "$y", True, 0)]),
            ),
        ),
    ),
    Scenario(
        "a range that ends before it starts holds nothing",
        (_THREE, evaluate(get_range("$c", "$a"), get_range("$a", "$a"), answers=[[], []])),
    ),
    Scenario(
        "a range without end goes to the last key",
        (_THREE, evaluate(get_range("$b"), answers=[[["$b", b"2"], ["$c", b"3"]]])),
    ),
    Scenario(
        "a range without start leaves composite keys out",
        (
            _THREE,
            submit(put(composite("$type", "x"), b"4")),
            evaluate(
                get_range("", "$b"),
                get_range(),
                answers=[[["$a", b"1"]], [["$a", b"1"], ["$b", b"2"], ["$c", b"3"]]],
            ),
        ),
    ),
    Scenario(
        "to the peer a range without start begins with composite keys",
        (
            submit(put(composite("$type", "x"), b"4"), put("$a", b"1")),
            evaluate(
                raw("GET_STATE_BY_RANGE", startKey="\x00$", endKey="\x00$~"),
                answers=[[[["\x00$type\x00x\x00", b"4"]], False, None]],
            ),
        ),
    ),
    Scenario(
        "keys are in the order of their UTF-8 bytes",
        (
            submit(*(put(f"${part}", b"v") for part in ("\U0001f600", "\uff5e", "z", "é", "Z"))),
            evaluate(
                get_range("$", "$\U0010ffff"),
                answers=[[[f"${part}", b"v"] for part in ("Z", "z", "é", "\uff5e", "\U0001f600")]],
            ),
        ),
    ),
    Scenario(
        "the stub refuses bounds that are composite or not Unicode",
        (
            evaluate(
                get_range("\x00", ""),
                get_range("", "\x00x"),
                get_range("\ud800", ""),
                answers=[
                    Refused("a range of simple keys cannot start with U+0000: '\\x00'"),
                    Refused("a range of simple keys cannot start with U+0000: '\\x00x'"),
                    Refused("bound of a range is not valid Unicode: '\\ud800'"),
                ],
            ),
        ),
    ),
    Scenario(
        "composite keys are found by their first parts",
        (
            submit(
                put(composite("$t", "a", "1"), b"1"),
                put(composite("$t", "a", "2"), b"2"),
                put(composite("$t", "ab", "1"), b"3"),
                put(composite("$t"), b"4"),
                put(composite("$tt", "a", "1"), b"5"),
            ),
            evaluate(
                get_composite("$t", "a"),
                get_composite("$t", "a", "1"),
                get_composite("$t"),
                get_composite("$u"),
                answers=[
                    [["\x00$t\x00a\x001\x00", b"1"], ["\x00$t\x00a\x002\x00", b"2"]],
                    [["\x00$t\x00a\x001\x00", b"1"]],
                    [
                        ["\x00$t\x00", b"4"],
                        ["\x00$t\x00a\x001\x00", b"1"],
                        ["\x00$t\x00a\x002\x00", b"2"],
                        ["\x00$t\x00ab\x001\x00", b"3"],
                    ],
                    [],
                ],
            ),
        ),
    ),
    Scenario(
        "a composite range is recorded with its bounds",
        (
            submit(
                get_composite("$t", "a"),
                answers=[[]],
                effects=Effects(ranges=[("\x00$t\x00a\x00", "\x00$t\x00a\x00\U0010ffff", True, 0)]),
            ),
        ),
    ),
    Scenario(
        "the stub refuses parts of composite keys that could pose as others",
        (
            evaluate(
                get_composite("$t", "a\x00b"),
                get_composite("$t\U0010ffff"),
                answers=[
                    Refused(
                        "U+0000 and U+10FFFF are not allowed in a part of a composite key: "
                        "'a\\x00b'"
                    ),
                    Refused(
                        "U+0000 and U+10FFFF are not allowed in a part of a composite key: "
                        "'$t\\U0010ffff'"
                    ),
                ],
            ),
        ),
    ),
    Scenario(
        "of a range that is left early only what was fetched is recorded",
        (
            _MANY,
            submit(
                get_range("$", "$~", keep="all"),
                take("all", 3),
                answers=[None, _items(0, 3)],
                effects=Effects(ranges=[("$", "$100", False, -1)]),
            ),
        ),
    ),
    Scenario(
        "a long range comes in several answers and is recorded as a summary",
        (
            _MANY,
            submit(
                get_range("$", "$~"),
                answers=[_items(0, 205)],
                effects=Effects(ranges=[("$", "$~", True, -1)]),
            ),
        ),
    ),
    Scenario(
        "a range of as many results as an answer holds comes in one",
        (
            submit(*(put(f"${number:03}", b"v") for number in range(101))),
            evaluate(
                raw("GET_STATE_BY_RANGE", startKey="$000", endKey="$100"),
                answers=[[_items(0, 100), False, None]],
            ),
            evaluate(
                raw("GET_STATE_BY_RANGE", startKey="$000", endKey="$~", keep="q"),
                raw("QUERY_STATE_NEXT", id={"kept": "q"}),
                raw("QUERY_STATE_NEXT", id={"kept": "q"}),
                answers=[
                    [_items(0, 100), True, None],
                    [_items(100, 101), False, None],
                    Refused(
                        "QUERY_STATE_NEXT failed: transaction ID: transaction 1: "
                        "query iterator not found"
                    ),
                ],
            ),
        ),
    ),
    Scenario(
        "short ranges are recorded with their results, up to fifty",
        (
            submit(*(put(f"${number:03}", b"v") for number in range(51))),
            submit(
                get_range("$000", "$050"),
                answers=[_items(0, 50)],
                effects=Effects(ranges=[("$000", "$050", True, 50)]),
            ),
            submit(
                get_range("$000", "$051"),
                answers=[_items(0, 51)],
                effects=Effects(ranges=[("$000", "$051", True, -1)]),
            ),
        ),
    ),
    Scenario(
        "a range asked for twice is recorded once",
        (
            _THREE,
            submit(
                get_range("$a", "$c"),
                get_range("$a", "$c"),
                answers=[[["$a", b"1"], ["$b", b"2"]]] * 2,
                effects=Effects(ranges=[("$a", "$c", True, 2)]),
            ),
        ),
    ),
    Scenario(
        "an iterator that is closed has nothing more",
        (
            _MANY,
            evaluate(
                get_range("$", "$~", keep="all"),
                take("all", 1),
                close("all"),
                take("all", 1),
                close("all"),
                answers=[None, _items(0, 1), None, [], None],
            ),
        ),
    ),
    Scenario(
        "a query that is closed cannot be continued, and can be closed again",
        (
            _MANY,
            evaluate(
                raw("GET_STATE_BY_RANGE", startKey="$", endKey="$~", keep="q"),
                raw("QUERY_STATE_CLOSE", id={"kept": "q"}),
                raw("QUERY_STATE_NEXT", id={"kept": "q"}),
                raw("QUERY_STATE_CLOSE", id={"kept": "q"}),
                raw("QUERY_STATE_CLOSE", id="nothing"),
                raw("QUERY_STATE_NEXT", id="nothing"),
                answers=[
                    [_items(0, 100), True, None],
                    [[], False, None],
                    Refused(
                        "QUERY_STATE_NEXT failed: transaction ID: transaction 1: "
                        "query iterator not found"
                    ),
                    [[], False, None],
                    [[], False, None],
                    Refused(
                        "QUERY_STATE_NEXT failed: transaction ID: transaction 1: "
                        "query iterator not found"
                    ),
                ],
            ),
        ),
    ),
    Scenario(
        "iterators may be left open, and several read in turn",
        (
            _MANY,
            submit(
                get_range("$", "$~", keep="one"),
                get_range("$1", "$~", keep="other"),
                take("one", 2),
                take("other", 2),
                take("one", 101),
                answers=[None, None, _items(0, 2), _items(100, 102), _items(2, 103)],
            ),
        ),
    ),
    Scenario(
        "a public range and a write go together",
        (
            _THREE,
            submit(
                put("$d", b"4"),
                get_range("$a", "$c"),
                put("$e", b"5"),
                answers=[None, [["$a", b"1"], ["$b", b"2"]], None],
                effects=Effects(ranges=[("$a", "$c", True, 2)], writes={"$d": b"4", "$e": b"5"}),
            ),
        ),
    ),
    Scenario(
        "deleted keys are in no range",
        (
            _THREE,
            submit(delete("$b")),
            evaluate(get_range("$", "$~"), answers=[[["$a", b"1"], ["$c", b"3"]]]),
        ),
    ),
)
