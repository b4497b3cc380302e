"""The metrics of a contract host: what its contracts' processes count, whether they serve, what they use."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pyfabric._operations.metrics import Registry, Series
from pyfabric.chaincode.metrics import ContractCounts, add_contract_metrics
from pyfabric.chaincode.programs import HostedProgram
from pyfabric.chaincode.supervision import ContractProcess

_LABELS = ("package_id",)


def add_host_metrics(
    registry: Registry,
    processes: Mapping[str, ContractProcess],
    counts: Mapping[str, ContractCounts],
) -> None:
    """Add the metrics of these processes and counts, by package id."""
    add_contract_metrics(registry, lambda: counts)

    def reading(read: Callable[[ContractProcess], float]) -> Callable[[], Series]:
        return lambda: [((name,), read(each)) for name, each in processes.items()]

    registry.reading(
        "contract_up",
        "1 if the contract is served, 0 if it is down.",
        _LABELS,
        reading(lambda process: int(process.reason is None)),
    )
    registry.reading(
        "contract_restarts",
        "Times that the contract's process was started again.",
        _LABELS,
        reading(lambda process: process.restarts),
        kind="counter",
    )
    registry.reading(
        "contract_resident_memory_bytes",
        "Resident memory of the contract's process, in bytes; it shares much of it with the host.",
        _LABELS,
        lambda: _of_running(processes, _resident_bytes),
    )
    registry.reading(
        "contract_cpu_seconds",
        "CPU time that the contract's present process has used, in seconds.",
        _LABELS,
        lambda: _of_running(processes, _cpu_seconds),
        kind="counter",
    )


def add_program_metrics(registry: Registry, programs: Mapping[str, HostedProgram]) -> None:
    """Add the metrics of the programs that run beside the contracts, by name."""
    registry.reading(
        "contract_host_program_up",
        "1 if the program beside the contracts does its work, 0 if something keeps it from that.",
        ("program",),
        lambda: [((name,), int(each.problem is None)) for name, each in programs.items()],
    )
    registry.reading(
        "contract_host_program_restarts",
        "Times that the program was started again.",
        ("program",),
        lambda: [((name,), each.restarts) for name, each in programs.items()],
        kind="counter",
    )


def _of_running(
    processes: Mapping[str, ContractProcess], read: Callable[[Path], float]
) -> Iterator[tuple[tuple[str], float]]:
    for name, each in processes.items():
        try:
            if each.pid is not None:
                yield (name,), read(Path(f"/proc/{each.pid}"))
        except OSError:  # it has just terminated
            continue


def _resident_bytes(process: Path) -> float:
    return int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _cpu_seconds(process: Path) -> float:
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
