"""CPU, memory and open files of this process, from /proc (Linux), under Prometheus's usual names."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from pyfabric._operations.metrics import Registry, Series

_FOLDER = Path("/proc/self")


def add_process_metrics(registry: Registry) -> None:
    """Add the metrics of this process; they are the same for all nodes of the process."""
    registry.reading(
        "process_cpu_seconds_total",
        "CPU time that the process has used, in seconds.",
        (),
        lambda: [((), time.process_time())],
        kind="counter",
    )
    registry.reading(
        "process_resident_memory_bytes",
        "Resident memory of the process, in bytes.",
        (),
        _read(lambda: int((_FOLDER / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")),
    )
    registry.reading(
        "process_open_fds",
        "Number of files and sockets that the process has open.",
        (),
        _read(lambda: sum(1 for _ in (_FOLDER / "fd").iterdir())),
    )


def _read(value: Callable[[], int]) -> Callable[[], Series]:
    def read() -> Series:
        try:
            return [((), value())]
        except OSError:
            return []

    return read
