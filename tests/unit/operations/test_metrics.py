"""Metrics as Prometheus reads them."""

import pytest

from pyfabric._operations.metrics import BUCKETS, Registry
from pyfabric._operations.process import add_process_metrics


def test_counters_gauges_and_their_labels_as_fabric_writes_them() -> None:
    registry = Registry()
    plain = registry.counter("endorser_proposals_received", "Proposals.")
    calls = registry.counter("calls", "Calls.", "service", "method", "code")
    heights = {"directory": 7, "credit": 3}
    registry.reading(
        "height", "Blocks.", ["channel"], lambda: [((k,), v) for k, v in heights.items()]
    )
    assert "endorser_proposals_received 0\n" in registry.text()
    plain.add()
    calls.add("gateway_Gateway", "Submit", "OK")
    calls.add("gateway_Gateway", "Submit", "OK")
    calls.add("gateway_Gateway", "Endorse", "Aborted", by=0.5)
    heights["credit"] = 4
    assert registry.text() == (
        "# HELP calls Calls.\n"
        "# TYPE calls counter\n"
        'calls{code="Aborted",method="Endorse",service="gateway_Gateway"} 0.5\n'
        'calls{code="OK",method="Submit",service="gateway_Gateway"} 2\n'
        "# HELP endorser_proposals_received Proposals.\n"
        "# TYPE endorser_proposals_received counter\n"
        "endorser_proposals_received 1\n"
        "# HELP height Blocks.\n"
        "# TYPE height gauge\n"
        'height{channel="credit"} 4\n'
        'height{channel="directory"} 7\n'
    )


def test_a_histogram_counts_what_is_not_above_each_bound() -> None:
    registry = Registry()
    took = registry.histogram("took", "Seconds.", "channel")
    for seconds in (0.005, 0.006, 3.0, 11.0):
        took.observe(seconds, "directory")
    lines = registry.text().splitlines()
    assert 'took_bucket{channel="directory",le="0.005"} 1' in lines
    assert 'took_bucket{channel="directory",le="0.01"} 2' in lines
    assert 'took_bucket{channel="directory",le="2.5"} 2' in lines
    assert 'took_bucket{channel="directory",le="5"} 3' in lines
    assert 'took_bucket{channel="directory",le="+Inf"} 4' in lines
    assert 'took_count{channel="directory"} 4' in lines
    assert 'took_sum{channel="directory"} 14.011' in lines
    assert len(lines) == 2 + len(BUCKETS) + 1 + 2


def test_values_of_labels_are_escaped() -> None:
    registry = Registry()
    registry.counter("c", "C.", "name").add('a"b\\c\nd')
    assert r'c{name="a\"b\\c\nd"} 1' in registry.text().splitlines()


def test_a_name_is_used_once() -> None:
    registry = Registry()
    registry.counter("c", "C.")
    with pytest.raises(ValueError, match="two metrics are named c"):
        registry.histogram("c", "C.")


def test_a_process_tells_what_it_uses() -> None:
    registry = Registry()
    add_process_metrics(registry)
    values = dict(
        line.split(" ") for line in registry.text().splitlines() if not line.startswith("#")
    )
    assert float(values["process_resident_memory_bytes"]) > 1e6
    assert float(values["process_open_fds"]) >= 3
    assert float(values["process_cpu_seconds_total"]) > 0
