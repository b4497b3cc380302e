"""Transactions that ran side by side: which are valid when they commit one after the other."""

from tests.behaviour.program import (
    close,
    composite,
    delete,
    get,
    get_composite,
    get_hash,
    get_many,
    get_page,
    get_policy,
    get_range,
    history,
    policy,
    purge,
    put,
    set_policy,
    take,
)
from tests.behaviour.scenario import (
    Scenario,
    Step,
    commit,
    commit_together,
    endorse,
    evaluate,
    submit,
)

_POLICY = policy("OR('EconInfoMSP.peer')")
_MVCC = "MVCC_READ_CONFLICT"
_PHANTOM = "PHANTOM_READ_CONFLICT"


def _pair(name: str, *steps: Step, late: str) -> Scenario:
    """Return a scenario in which the transaction "late" commits after "early"."""
    return Scenario(name, (*steps, commit(early="VALID", late=late)))


SCENARIOS = (
    _pair(
        "a value that was read and then changed is a conflict",
        submit(put("$a", b"1")),
        endorse("early", put("$a", b"2")),
        endorse("late", get("$a"), put("$b", b"1"), answers=[b"1", None]),
        late=_MVCC,
    ),
    _pair(
        "a value that was read and then deleted is a conflict",
        submit(put("$a", b"1")),
        endorse("early", delete("$a")),
        endorse("late", get_many("$b", "$a"), put("$b", b"1"), answers=[[None, b"1"], None]),
        late=_MVCC,
    ),
    _pair(
        "a value that was absent and then written is a conflict",
        endorse("early", put("$a", b"1")),
        endorse("late", get("$a"), put("$b", b"1"), answers=[None, None]),
        late=_MVCC,
    ),
    _pair(
        "the same value written again is a conflict",
        submit(put("$a", b"1")),
        endorse("early", put("$a", b"1")),
        endorse("late", get("$a"), put("$b", b"1"), answers=[b"1", None]),
        late=_MVCC,
    ),
    _pair(
        "two who write without reading do not conflict",
        endorse("early", put("$a", b"1")),
        endorse("late", put("$a", b"2")),
        late="VALID",
    ),
    _pair(
        "two who read do not conflict",
        submit(put("$a", b"1")),
        endorse("early", get("$a"), answers=[b"1"]),
        endorse("late", get("$a"), answers=[b"1"]),
        late="VALID",
    ),
    _pair(
        "one who only read conflicts too",
        submit(put("$a", b"1")),
        endorse("early", put("$a", b"2")),
        endorse("late", get("$a"), answers=[b"1"]),
        late=_MVCC,
    ),
    Scenario(
        "what an invalid transaction writes is not there, and conflicts with nobody",
        (
            submit(put("$a", b"1")),
            endorse("early", put("$a", b"2")),
            endorse("late", get("$a"), put("$b", b"1"), answers=[b"1", None]),
            endorse("last", get("$b"), put("$c", b"1"), answers=[None, None]),
            commit(early="VALID", late=_MVCC, last="VALID"),
            evaluate(get_many("$a", "$b", "$c"), history("$b"), answers=[[b"2", None, b"1"], []]),
        ),
    ),
    _pair(
        "a deletion of what is not there conflicts with nobody in a later block",
        endorse("early", delete("$a")),
        endorse("late", get("$a"), put("$b", b"1"), answers=[None, None]),
        late="VALID",
    ),
    Scenario(
        "a deletion of what is not there is a conflict in the same block",
        (
            endorse("early", delete("$a"), delete("$b", on="shared")),
            endorse("late", get("$a"), answers=[None]),
            endorse("last", get("$b", on="shared"), answers=[None]),
            commit_together(early="VALID", late=_MVCC, last=_MVCC),
        ),
    ),
    Scenario(
        "in one block a value written earlier is a conflict, and its range a phantom",
        (
            endorse("early", put("$a", b"1")),
            endorse("late", get("$a"), put("$b", b"1"), answers=[None, None]),
            endorse("last", get_range("$", "$~"), put("$c", b"1"), answers=[[], None]),
            commit_together(early="VALID", late=_MVCC, last=_PHANTOM),
        ),
    ),
    Scenario(
        "in one block the last of those who write without reading counts",
        (
            endorse("early", put("$a", b"1"), put("$b", b"1", on="shared")),
            endorse("late", put("$a", b"2"), put("$b", b"2", on="shared")),
            commit_together(early="VALID", late="VALID"),
            evaluate(get("$a"), get("$b", on="shared"), answers=[b"2", b"2"]),
        ),
    ),
    Scenario(
        "in one block a policy given earlier is a conflict for who read the value",
        (
            submit(put("$a", b"1")),
            endorse("early", set_policy("$a", _POLICY)),
            endorse("late", get("$a"), answers=[b"1"]),
            commit_together(early="VALID", late=_MVCC),
        ),
    ),
    _pair(
        "a policy changed since the value was read is a conflict",
        submit(put("$a", b"1")),
        endorse("early", set_policy("$a", _POLICY)),
        endorse("late", get("$a"), put("$b", b"1"), answers=[b"1", None]),
        late=_MVCC,
    ),
    _pair(
        "a value changed since the policy was read is a conflict",
        submit(put("$a", b"1"), set_policy("$a", _POLICY)),
        endorse("early", put("$a", b"2")),
        endorse("late", get_policy("$a"), put("$b", b"1"), answers=[_POLICY, None]),
        late=_MVCC,
    ),
    _pair(
        "a policy of a key that is not there conflicts with nobody",
        endorse("early", set_policy("$a", _POLICY)),
        endorse("late", get("$a"), put("$b", b"1"), answers=[None, None]),
        late="VALID",
    ),
    _pair(
        "a key added to a range is a phantom",
        submit(put("$a", b"1")),
        endorse("early", put("$b", b"1")),
        endorse("late", get_range("$", "$~"), put("$z", b"1"), answers=[[["$a", b"1"]], None]),
        late=_PHANTOM,
    ),
    _pair(
        "a key deleted from a range is a phantom",
        submit(put("$a", b"1")),
        endorse("early", delete("$a")),
        endorse("late", get_range("$", "$~"), put("$z", b"1"), answers=[[["$a", b"1"]], None]),
        late=_PHANTOM,
    ),
    _pair(
        "a value changed in a range is a phantom",
        submit(put("$a", b"1")),
        endorse("early", put("$a", b"2")),
        endorse("late", get_range("$", "$~"), put("$z", b"1"), answers=[[["$a", b"1"]], None]),
        late=_PHANTOM,
    ),
    _pair(
        "a change outside of the range is none",
        submit(put("$b", b"1")),
        endorse("early", put("$c", b"1"), put("$a", b"1")),
        endorse("late", get_range("$b", "$c"), put("$z", b"1"), answers=[[["$b", b"1"]], None]),
        late="VALID",
    ),
    _pair(
        "a key added to a long range is a phantom",
        submit(*(put(f"$a{number:03}", b"v") for number in range(60))),
        endorse("early", put("$a0305", b"v")),
        endorse(
            "late",
            get_range("$a", "$b"),
            put("$z", b"1"),
            answers=[[[f"$a{number:03}", b"v"] for number in range(60)], None],
        ),
        late=_PHANTOM,
    ),
    _pair(
        "a change beyond what was fetched of a range is none",
        submit(*(put(f"${number:03}", b"v") for number in range(120))),
        endorse("early", put("$110", b"changed")),
        endorse(
            "late",
            get_range("$", "$~", keep="all"),
            take("all", 1),
            close("all"),
            put("$z", b"1"),
            answers=[None, [["$000", b"v"]], None, None],
        ),
        late="VALID",
    ),
    _pair(
        "a key added to a composite range is a phantom",
        endorse("early", put(composite("$t", "a", "1"), b"1")),
        endorse("late", get_composite("$t", "a"), put("$z", b"1"), answers=[[], None]),
        late=_PHANTOM,
    ),
    _pair(
        "a key added to another composite range is none",
        endorse("early", put(composite("$t", "b", "1"), b"1")),
        endorse("late", get_composite("$t", "a"), put("$z", b"1"), answers=[[], None]),
        late="VALID",
    ),
    _pair(
        "a change in a page is a phantom for one who only read",
        submit(put("$a", b"1"), put("$b", b"1")),
        endorse("early", put("$a", b"2")),
        endorse("late", get_page("$", "$~", 1), answers=[[[["$a", b"1"]], "$b", 1]]),
        late=_PHANTOM,
    ),
    _pair(
        "a change after a page is none",
        submit(put("$a", b"1"), put("$b", b"1")),
        endorse("early", put("$b", b"2"), put("$c", b"1")),
        endorse("late", get_page("$", "$~", 1), answers=[[[["$a", b"1"]], "$b", 1]]),
        late="VALID",
    ),
    _pair(
        "history is not checked",
        submit(put("$a", b"1")),
        endorse("early", put("$a", b"2")),
        endorse("late", history("$b"), put("$b", b"1"), answers=[[], None]),
        late="VALID",
    ),
    _pair(
        "a private value that was read and then changed is a conflict",
        submit(put("$a", b"1", on="shared")),
        endorse("early", put("$a", b"2", on="shared")),
        endorse("late", get("$a", on="shared"), put("$b", b"1"), answers=[b"1", None]),
        late=_MVCC,
    ),
    _pair(
        "a private value that was absent and then written is a conflict",
        endorse("early", put("$a", b"1", on="shared")),
        endorse("late", get("$a", on="shared"), put("$b", b"1"), answers=[None, None]),
        late=_MVCC,
    ),
    _pair(
        "a private value that was read and then purged is a conflict",
        submit(put("$a", b"1", on="shared")),
        endorse("early", purge("$a", on="shared")),
        endorse("late", get("$a", on="shared"), put("$b", b"1"), answers=[b"1", None]),
        late=_MVCC,
    ),
    _pair(
        "a hash that was read and then changed is a conflict",
        endorse("early", put("$a", b"1", on="shared")),
        endorse("late", get_hash("$a", on="shared"), put("$b", b"1"), answers=[None, None]),
        late=_MVCC,
    ),
    _pair(
        "the same key of another collection is another key",
        endorse("early", put("$a", b"1", on="closed")),
        endorse("late", get("$a", on="shared"), put("$b", b"1"), answers=[None, None]),
        late="VALID",
    ),
    _pair(
        "a private policy changed since the value was read is a conflict",
        submit(put("$a", b"1", on="shared")),
        endorse("early", set_policy("$a", _POLICY, on="shared")),
        endorse("late", get("$a", on="shared"), put("$b", b"1"), answers=[b"1", None]),
        late=_MVCC,
    ),
    _pair(
        "a private range is not checked",
        endorse("early", put("$a", b"1", on="shared")),
        endorse("late", get_range("$", "$~", on="shared"), answers=[[]]),
        late="VALID",
    ),
    _pair(
        "two private writes without reading do not conflict",
        endorse("early", put("$a", b"1", on="shared")),
        endorse("late", put("$a", b"2", on="shared")),
        late="VALID",
    ),
)
