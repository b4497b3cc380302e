"""Both surfaces of the client behind one blocking interface, so that a test is written once.

`Surface("aio")` runs every call of `pyfabric.aio` in an event loop of its own thread and waits for it;
`Surface("gateway")` is `pyfabric.gateway` as it is. Objects that a surface returns are wrapped likewise.
"""

import asyncio
import importlib
import inspect
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self


class Surface:
    """`pyfabric.gateway` or `pyfabric.aio`, to be called without await."""

    def __init__(self, name: str) -> None:
        self._module = importlib.import_module(f"pyfabric.{name}")
        self._loop = asyncio.new_event_loop() if name == "aio" else None
        self._thread = threading.Thread(target=self._run, daemon=True)
        if self._loop is not None:
            self._thread.start()

    def _run(self) -> None:
        assert self._loop is not None
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def __getattr__(self, name: str) -> Any:
        return self.wrap(getattr(self._module, name))

    def close(self) -> None:
        """Stop the event loop."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def call(self, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
        """Call a function or coroutine function of the surface and wait for its answer."""
        if self._loop is None:
            return function(*arguments, **keywords)

        async def called() -> Any:
            answer = function(*arguments, **keywords)
            return await answer if inspect.isawaitable(answer) else answer

        return asyncio.run_coroutine_threadsafe(called(), self._loop).result()

    def wrap(self, value: Any) -> Any:
        """Return the same value, to be used without await."""
        if self._loop is None:
            return value
        if inspect.isroutine(value) or inspect.isclass(value):

            def calling(*arguments: Any, **keywords: Any) -> Any:
                given = {k: v.inner if isinstance(v, Wrapped) else v for k, v in keywords.items()}
                return self.wrap(self.call(value, *arguments, **given))

            return calling
        return Wrapped(self, value) if type(value).__module__.startswith("pyfabric.aio") else value


class Wrapped:
    """An object of the asyncio surface, to be used without await."""

    def __init__(self, surface: Surface, inner: Any) -> None:
        self._surface = surface
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return self._surface.wrap(getattr(self.inner, name))

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return self._surface.call(self.inner.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None

    def __enter__(self) -> Self:
        self._surface.call(self.inner.__aenter__)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._surface.call(self.inner.__aexit__, kind, error, traceback)
