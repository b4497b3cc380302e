"""A contract's refusal as a message: known answers, what is cut, and what is no refusal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import Refusal
from pyfabric.messages.refusals import contract_error, read_refusal, write_refusal

KNOWN = [
    (
        Refusal("clock-stalled", {"newest": 29}, "the clock stands still", "时钟停了"),
        'the clock stands still\n{"code":"clock-stalled","facts":{"newest":29},"zh":"时钟停了"}',
    ),
    (Refusal("waste.closed", {}, "it is closed"), 'it is closed\n{"code":"waste.closed"}'),
    (
        Refusal("a", {"b": [1, None, True, 0.5], "a": {"ü": '"\n'}}, "no"),
        'no\n{"code":"a","facts":{"a":{"ü":"\\"\\n"},"b":[1,null,true,0.5]}}',
    ),
]


@pytest.mark.parametrize(("refusal", "message"), KNOWN)
def test_known_messages(refusal: Refusal, message: str) -> None:
    assert write_refusal(refusal) == message
    assert read_refusal(message) == refusal


CODES = st.from_regex(r"[a-z0-9]{1,9}([.-][a-z0-9]{1,9}){0,3}", fullmatch=True)
SENTENCES = st.text("az09.,'\"\\{}证，", min_size=1, max_size=60)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
PARTS = st.text('a"\n\x00证', max_size=9)
FACTS = st.dictionaries(PARTS, PLAIN | PARTS | st.lists(PLAIN, max_size=3), max_size=3)


@given(st.builds(Refusal, CODES, FACTS, SENTENCES, st.just("") | SENTENCES))
def test_what_is_written_is_read(refusal: Refusal) -> None:
    assert read_refusal(write_refusal(refusal)) == refusal


ANY_TEXT = st.text(st.characters(), max_size=2000)  # with control characters and half surrogates


@given(
    st.builds(Refusal, CODES, st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=2), ANY_TEXT, ANY_TEXT)
)
def test_any_refusal_keeps_its_code_in_a_bounded_message(refusal: Refusal) -> None:
    message = write_refusal(refusal)
    read = read_refusal(message)
    assert read is not None
    assert read.code == refusal.code
    assert read.en
    assert message.count("\n") == 1
    # What an answer of the gateway holds of it: the text percent-encoded, and in Base64 twice.
    encoded = sum(1 if 0x20 <= byte <= 0x7E else 3 for byte in message.encode())
    assert encoded + 2 * 4 * len(message.encode()) / 3 < 7600


def test_long_texts_are_cut_between_characters() -> None:
    read = read_refusal(write_refusal(Refusal("long", {}, "x" * 500, "证" * 200)))
    assert read == Refusal("long", {}, "x" * 397 + "…", "证" * 132 + "…")


def test_long_facts_are_left_out_and_their_size_is_told() -> None:
    facts = {"holders": ["TaxMSP"] * 50}
    read = read_refusal(write_refusal(Refusal("taken", facts, "it is taken")))
    assert read == Refusal(
        "taken", {"omitted": len(json.dumps(facts, separators=(",", ":")))}, "it is taken"
    )


@pytest.mark.parametrize(
    "message",
    [
        "",
        "a text",
        "two\nlines",
        '{"code":"alone"}',
        'x\n{"code":"Upper"}',
        'x\n{"code":"a","facts":[]}',
        'x\n{"code":"a","zh":1}',
        'x\n{"code":"a","other":1}',
        'x\n{"facts":{}}',
        'x\n["code"]',
        'x\n{"code":"a","facts":{"n":NaN}}',
        'x\n{"code":"a","facts":{"n":1e999}}',
        'x\n{"code":"a","zh":"\\ud800"}',
        'x\n{"code":"a"}\n',
        "x\n" + '{"a":' * 800,
        'x\n{"code":"a","zh":"' + "y" * 5000 + '"}',
    ],
)
def test_other_messages_are_texts(message: str) -> None:
    assert read_refusal(message) is None
    error = contract_error(message)
    assert str(error) == message
    assert error.refusal is None
