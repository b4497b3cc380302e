"""Samples of metrics are read from Prometheus' text format."""

import pytest
from pyfabric_network.samples import Sample, samples

TEXT = r"""
# HELP ledger_blockchain_height Height of the chain in blocks.
# TYPE ledger_blockchain_height gauge
ledger_blockchain_height{channel="estate"} 7
go_gc_seconds{quantile="0.5",path="C:\\a \"b\"\n"} 4.2e-05
up 1 1700000000000
process_start_time_seconds 1.6e+09
odd{le="+Inf"} NaN
most{} +Inf
no metric
"""


def test_samples_have_their_labels_and_values() -> None:
    found = list(samples(TEXT))
    assert found == [
        Sample("ledger_blockchain_height", {"channel": "estate"}, "7"),
        Sample("go_gc_seconds", {"quantile": "0.5", "path": 'C:\\a "b"\n'}, "4.2e-05"),
        Sample("up", {}, "1"),
        Sample("process_start_time_seconds", {}, "1.6e+09"),
        Sample("odd", {"le": "+Inf"}, "NaN"),
        Sample("most", {}, "+Inf"),
    ]
    assert [one.number for one in found] == [7, 4.2e-05, 1, 1600000000, "NaN", "+Inf"]


@pytest.mark.parametrize("value", ["0", "-3", "2.5"])
def test_a_number_is_one(value: str) -> None:
    assert Sample("x", {}, value).number == float(value)
