"""Threads for contracts that block: as many as are needed, up to a bound.

Not concurrent.futures: its threads keep a process alive for as long as a contract hangs.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue


class Workers:
    """Runs jobs in threads; beyond `most` at once they wait for their turn. Jobs must not raise."""

    def __init__(self, most: int) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._most = most
        self._threads = 0
        self._idle = threading.Semaphore(0)

    def submit(self, job: Callable[[], None]) -> None:
        """Run a job. Called from one thread only."""
        if not self._idle.acquire(blocking=False) and self._threads < self._most:
            self._start_thread()
        self._jobs.put(job)

    def _start_thread(self) -> None:
        """Start one more; if the system refuses, those that there are go on."""
        try:
            threading.Thread(target=self._work, name="contract", daemon=True).start()
        except RuntimeError:
            if not self._threads:
                raise
        else:
            self._threads += 1

    def close(self) -> None:
        """Stop the threads when their jobs are done; does not wait."""
        for _ in range(self._threads):
            self._jobs.put(None)
        self._threads = 0

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            self._idle.release()
