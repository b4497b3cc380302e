"""DER as Fabric writes block headers and Go reads certificates."""

from hypothesis import given
from hypothesis import strategies as st

from pyfabric.messages import der


@given(value=st.integers(0, 2**200))
def test_integers_are_written_and_read_back(value: int) -> None:
    element = der.Reader(der.encode_integer(value)).read(der.INTEGER)
    assert der.integer(element) == value


def test_an_integer_with_a_high_bit_gets_a_zero_before_it() -> None:
    assert der.encode_integer(0) == bytes((2, 1, 0))
    assert der.encode_integer(127) == bytes((2, 1, 127))
    assert der.encode_integer(128) == bytes((2, 2, 0, 128))
