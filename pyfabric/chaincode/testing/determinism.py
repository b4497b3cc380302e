"""A guard for tests: a contract that asks the clock, chance, the network or its process has failed its test.

Peers of different departments run the same function and must come to the same bytes. The guard watches
one thread for as long as contract code runs in it, with what the code calls: functions of the standard
library are recognised when they are called, however they were imported (sys.setprofile). Left out: what
compiled libraries do inside themselves, threads that a contract starts, and what differs between two
processes without a call that could be seen (`second_run` compares two). Logging and importing are allowed,
and so is what the garbage collector finalises. It costs time at every call: it is for tests, not for servers.
"""

import gc
import os
import random
import secrets
import socket
import ssl
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from operator import attrgetter
from types import BuiltinMethodType, FrameType, ModuleType
from typing import Any, Final

_CLOCK: Final = "use the transaction's timestamp (ctx.stub.timestamp)"
_CHANCE: Final = "derive it from the transaction's id (ctx.stub.transaction_id)"
_NETWORK: Final = "have the caller pass it as an argument or as transient data"

_PROCESS: Final = "have the caller pass it as an argument, or make it part of the contract's code"

_FUNCTIONS: Final[dict[object, tuple[str, str]]] = {
    getattr(module, name): (f"{module.__name__}.{name}", advice)
    for module, names, advice in (
        (
            time,
            ("time", "time_ns", "clock_gettime", "clock_gettime_ns", "localtime", "ctime"),
            _CLOCK,
        ),
        (os, ("urandom", "getrandom"), _CHANCE),
        (ssl, ("RAND_bytes",), _CHANCE),
        (
            os,
            (
                *("getpid", "getppid", "getuid", "geteuid", "getgid", "getlogin", "uname"),
                *("getcwd", "getcwdb", "cpu_count", "getloadavg", "times"),
            ),
            _PROCESS,
        ),
        (socket, ("gethostname",), _PROCESS),
        (threading, ("get_ident", "get_native_id"), _PROCESS),
        (
            socket,
            ("gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo"),
            _NETWORK,
        ),
    )
    for name in names
    if hasattr(module, name)
}
_SHARED_RANDOM: Final[object] = attrgetter("__self__")(random.random)
_NOW: Final = frozenset({"now", "utcnow", "today"})
_SOCKET_METHODS: Final = frozenset(
    {"connect", "connect_ex", "bind", "listen", "accept", "send", "sendall", "sendto", "recv"}
)
_CODES: Final = {
    socket.socket.__init__.__code__: ("socket.socket", _NETWORK),
    socket.getaddrinfo.__code__: ("socket.getaddrinfo", _NETWORK),
    uuid.uuid1.__code__: ("uuid.uuid1", _CLOCK),
    uuid.uuid4.__code__: ("uuid.uuid4", _CHANCE),
    secrets.token_bytes.__code__: ("secrets.token_bytes", _CHANCE),
}
_SEEDS: Final = {random.Random.__init__.__code__: "x", random.Random.seed.__code__: "a"}
_ALLOWED: Final = ("logging", "importlib._bootstrap", "importlib._bootstrap_external")
_REPRESENTING: Final = ("dataclasses", "reprlib")
"""Modules that ask for the thread's number, to end the text of what contains itself: it is not in the text."""


class DeterminismError(AssertionError):
    """A contract called something that answers each peer differently: its test has failed."""


class DeterminismGuard:
    """Watches contract code; `violation` is the first thing that it called and must not call.

    A contract may catch the error that was raised there: the caller looks at `violation`.
    """

    def __init__(self) -> None:
        self.violation: DeterminismError | None = None
        self._watched = threading.local()
        self._collecting = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch this thread; a call that is refused raises DeterminismError where it is made."""
        self._watched.here = True
        gc.callbacks.append(self._collected)
        try:
            with _profile(self._observe):
                yield
        finally:
            gc.callbacks.remove(self._collected)

    def _collected(self, phase: str, _info: Mapping[str, int]) -> None:
        """Note that the watched thread runs the garbage collector: its finalizers may belong to anybody."""
        if hasattr(self._watched, "here"):
            self._collecting = phase == "start"

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Look away, while the ledger works for the contract."""
        with _profile(None):
            yield

    def _observe(self, frame: FrameType, event: str, called: Any) -> None:
        found = None
        if event == "c_call" and frame.f_globals.get("__name__") not in _REPRESENTING:
            found = _refused_function(called)
        elif event == "call":
            found = _refused_code(frame)
        if found is not None and not self._collecting and not _is_allowed(frame):
            name, advice = found
            error = DeterminismError(
                f"the contract called {name}, which answers each peer differently: {advice}"
            )
            self.violation = self.violation or error
            raise error


def _refused_function(called: BuiltinMethodType) -> tuple[str, str] | None:
    owner = called.__self__
    if isinstance(owner, type):
        if called.__name__ in _NOW and issubclass(owner, date):
            return f"{owner.__name__}.{called.__name__}", _CLOCK
        return None
    if owner is _SHARED_RANDOM:
        return f"random.{called.__name__}", _CHANCE
    if isinstance(owner, socket.SocketType) and called.__name__ in _SOCKET_METHODS:
        return f"socket.{called.__name__}", _NETWORK
    return _FUNCTIONS.get(called) if owner is None or isinstance(owner, ModuleType) else None


def _refused_code(frame: FrameType) -> tuple[str, str] | None:
    found = _CODES.get(frame.f_code)
    seed = _SEEDS.get(frame.f_code)
    if seed is not None and frame.f_locals.get(seed) is None:
        return "random.Random without a seed", _CHANCE
    return found


def _is_allowed(frame: FrameType | None) -> bool:
    """Return whether logging or an import is under way: neither decides what a contract answers."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module in _ALLOWED or module.startswith("logging."):
            return True
        frame = frame.f_back
    return False


@contextmanager
def _profile(function: Callable[[FrameType, str, Any], object] | None) -> Iterator[None]:
    before = sys.getprofile()
    sys.setprofile(function)
    try:
        yield
    finally:
        sys.setprofile(before)
