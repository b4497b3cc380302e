"""What a process uses, under the names that Prometheus's own clients give it; from /proc, on Linux."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from pyfabric._operations.metrics import Registry, Series

_FOLDER = Path("/proc/self")


def add_process_metrics(registry: Registry) -> None:
    """Have the registry tell of this process: all nodes of one process tell the same."""
    registry.reading(
        "process_cpu_seconds_total",
        "CPU time that the process has used, in seconds.",
        (),
        lambda: [((), time.process_time())],
        kind="counter",
    )
    registry.reading(
        "process_resident_memory_bytes",
        "Memory of the process that is resident, in bytes.",
        (),
        _read(lambda: int((_FOLDER / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")),
    )
    registry.reading(
        "process_open_fds",
        "How many files and sockets the process has open.",
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
