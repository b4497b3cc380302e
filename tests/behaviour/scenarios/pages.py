"""Pages of public state: sizes, bookmarks, and why a transaction that reads one writes nothing."""

from tests.behaviour.effects import Effects
from tests.behaviour.program import (
    Refused,
    Request,
    composite,
    delete,
    get,
    get_composite_page,
    get_page,
    get_range,
    put,
    raw,
    set_policy,
)
from tests.behaviour.scenario import Scenario, evaluate, submit

_FIVE = submit(*(put(f"${number}", b"v") for number in range(5)))
_NO_WRITE = (
    "failed: transaction ID: transaction 1: txid [transaction 1]: unsuppored transaction. "
    "Transaction has already performed a paginated query. Writes are not allowed"
)
_NO_PAGE = Refused(
    "GET_STATE_BY_RANGE failed: transaction ID: transaction 1: txid [transaction 1]: unsuppored "
    "transaction. Paginated queries are supported only in a read-only transaction"
)


def _items(start: int, end: int) -> list[list[object]]:
    return [[f"${number}", b"v"] for number in range(start, end)]


def _page(size: int, bookmark: str = "", start: str = "$0", end: str = "$~") -> Request:
    """Return a page that skips the checks of the stub."""
    page = {"pageSize": size, "bookmark": bookmark}
    return raw("GET_STATE_BY_RANGE", startKey=start, endKey=end, page=page)


SCENARIOS = (
    Scenario(
        "pages follow each other by their bookmarks",
        (
            _FIVE,
            evaluate(
                get_page("$0", "$~", 2),
                get_page("$0", "$~", 2, "$2"),
                get_page("$0", "$~", 2, "$4"),
                answers=[
                    [_items(0, 2), "$2", 2],
                    [_items(2, 4), "$4", 2],
                    [_items(4, 5), "", 1],
                ],
            ),
        ),
    ),
    Scenario(
        "a page that ends with the range has no bookmark",
        (
            _FIVE,
            evaluate(
                get_page("$0", "$2", 2),
                get_page("$0", "$~", 5),
                get_page("$0", "$~", 6),
                answers=[
                    [_items(0, 2), "", 2],
                    [_items(0, 5), "", 5],
                    [_items(0, 5), "", 5],
                ],
            ),
        ),
    ),
    Scenario(
        "a page of an empty range is empty",
        (evaluate(get_page("$x", "$y", 3), answers=[[[], "", 0]]),),
    ),
    Scenario(
        "what a page read is recorded",
        (
            _FIVE,
            submit(
                get_page("$0", "$~", 2),
                get_page("$0", "$~", 9, "$3"),
                answers=[[_items(0, 2), "$2", 2], [_items(3, 5), "", 2]],
                effects=Effects(ranges=[("$0", "$1", False, 2), ("$3", "$~", True, 2)]),
            ),
        ),
    ),
    Scenario(
        "a bookmark may lie between keys, or be the last",
        (
            _FIVE,
            evaluate(
                get_page("$0", "$~", 2, "$2x"),
                get_page("$0", "$4", 2, "$3"),
                answers=[[_items(3, 5), "", 2], [_items(3, 4), "", 1]],
            ),
        ),
    ),
    Scenario(
        "the stub refuses a bookmark outside of the range",
        (
            evaluate(
                get_page("$2", "$4", 2, "$1"),
                get_page("$2", "$4", 2, "$4"),
                get_page("$2", "$4", 2, "\ud800"),
                answers=[
                    Refused("the bookmark does not belong to this range"),
                    Refused("the bookmark does not belong to this range"),
                    Refused("bookmark is not valid Unicode: '\\ud800'"),
                ],
            ),
        ),
    ),
    Scenario(
        "the peer reads from a bookmark, wherever it is",
        (
            _FIVE,
            evaluate(
                _page(2, "$1", start="$3"),
                _page(2, "$9", end="$5"),
                answers=[[_items(1, 3), False, [2, "$3"]], [[], False, None]],
            ),
        ),
    ),
    Scenario(
        "the stub refuses sizes that are no size",
        (
            evaluate(
                *(get_page("$0", "$~", size) for size in (0, -1, 2**31)),
                answers=[
                    Refused(f"page size must be from 1 to 2147483647: {size}")
                    for size in (0, -1, 2**31)
                ],
            ),
        ),
    ),
    Scenario(
        "a huge page holds all there is",
        (_FIVE, evaluate(get_page("$0", "$~", 2**31 - 1), answers=[[_items(0, 5), "", 5]])),
    ),
    Scenario(
        "to the peer a page of no size is a range, unless it has a bookmark",
        (
            _FIVE,
            submit(
                _page(0),
                _page(0, "$3"),
                answers=[[_items(0, 5), False, None], [_items(3, 5), False, [2, ""]]],
                effects=Effects(ranges=[("$0", "$~", True, 5), ("$3", "$~", True, 2)]),
            ),
        ),
    ),
    Scenario(
        "to the peer a page of negative size holds all there is",
        (
            _FIVE,
            submit(
                _page(-1),
                answers=[[_items(0, 5), False, [5, ""]]],
                effects=Effects(ranges=[("$0", "$~", True, 5)]),
            ),
        ),
    ),
    Scenario(
        "the peer refuses a page whose description is no message",
        (
            evaluate(
                raw("GET_STATE_BY_RANGE", startKey="$0", endKey="$1", metadata=b"\xff"),
                answers=[
                    Refused(
                        "GET_STATE_BY_RANGE failed: transaction ID: transaction 1: "
                        "unmarshal failed: proto: cannot parse invalid wire-format data"
                    )
                ],
            ),
        ),
    ),
    Scenario(
        "a page of more results than an answer otherwise holds comes in one",
        (
            submit(*(put(f"${number:03}", b"v") for number in range(250))),
            evaluate(
                get_page("$", "$~", 201),
                answers=[[[[f"${number:03}", b"v"] for number in range(201)], "$201", 201]],
            ),
        ),
    ),
    Scenario(
        "after a page nothing is written",
        (
            submit(
                get_page("$0", "$~", 1),
                put("$a", b"1"),
                delete("$a"),
                set_policy("$a", b""),
                get("$a"),
                answers=[
                    [[], "", 0],
                    Refused(f"PUT_STATE {_NO_WRITE}"),
                    Refused(f"DEL_STATE {_NO_WRITE}"),
                    Refused(f"PUT_STATE_METADATA {_NO_WRITE}"),
                    None,
                ],
                effects=Effects(reads={"$a": False}, ranges=[("$0", "$~", True, 0)]),
            ),
        ),
    ),
    Scenario(
        "after a page nothing private is written",
        (
            submit(
                get_page("$0", "$~", 1),
                put("$a", b"1", on="shared"),
                answers=[[[], "", 0], Refused(f"PUT_STATE {_NO_WRITE}")],
            ),
        ),
    ),
    Scenario(
        "after a page a transaction that insists on writing is refused",
        (
            submit(
                get_page("$0", "$~", 1),
                put("$a", b"1"),
                refused=f"PUT_STATE {_NO_WRITE}",
            ),
        ),
    ),
    Scenario(
        "after a write there is no page",
        (
            submit(
                put("$a", b"1"),
                get_page("$0", "$~", 1),
                get_composite_page("$t", (), 1),
                get_range("$0", "$1"),
                put("$b", b"1"),
                answers=[None, _NO_PAGE, _NO_PAGE, [], None],
                effects=Effects(ranges=[("$0", "$1", True, 0)], writes={"$a": b"1", "$b": b"1"}),
            ),
        ),
    ),
    Scenario(
        "after a private write there is no page",
        (
            submit(
                put("$a", b"1", on="shared"),
                get_page("$0", "$~", 1),
                answers=[None, _NO_PAGE],
            ),
        ),
    ),
    Scenario(
        "composite keys come in pages",
        (
            submit(*(put(composite("$t", f"{number}"), b"v") for number in range(3))),
            evaluate(
                get_composite_page("$t", (), 2),
                get_composite_page("$t", (), 2, composite("$t", "2")),
                answers=[
                    [
                        [["\x00$t\x000\x00", b"v"], ["\x00$t\x001\x00", b"v"]],
                        "\x00$t\x002\x00",
                        2,
                    ],
                    [[["\x00$t\x002\x00", b"v"]], "", 1],
                ],
            ),
        ),
    ),
    Scenario(
        "a page is no query to be continued",
        (
            _FIVE,
            evaluate(
                raw(
                    "GET_STATE_BY_RANGE",
                    keep="q",
                    startKey="$0",
                    endKey="$~",
                    page={"pageSize": 2},
                ),
                raw("QUERY_STATE_NEXT", id={"kept": "q"}),
                answers=[
                    [_items(0, 2), False, [2, "$2"]],
                    Refused(
                        "QUERY_STATE_NEXT failed: transaction ID: transaction 1: "
                        "query iterator not found"
                    ),
                ],
            ),
        ),
    ),
    Scenario(
        "deleted keys are in no page, and their bookmarks still hold",
        (
            _FIVE,
            submit(delete("$1"), delete("$2")),
            evaluate(
                get_page("$0", "$~", 2),
                get_page("$0", "$~", 2, "$2"),
                answers=[[[["$0", b"v"], ["$3", b"v"]], "$4", 2], [_items(3, 5), "", 2]],
            ),
        ),
    ),
)
