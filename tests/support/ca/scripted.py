"""A CA server on this machine that answers as a test says."""

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pyfabric.ca import answers
from pyfabric.client.effects import Answer, Endpoint, Rest
from tests.support.ca.fake_ca import FakeCA

Reply = Callable[["Seen"], tuple[int, Mapping[str, str], bytes]]
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Seen:
    """A request as the server got it."""

    method: str
    path: str
    authorization: str
    body: bytes


@dataclass
class ScriptedCA:
    """A server on this machine; `reply` is what it does with the next requests."""

    reply: Reply
    url: str = ""
    seen: list[Seen] = field(default_factory=list)


def serving(scripted: ScriptedCA, context: ssl.SSLContext | None) -> Iterator[ScriptedCA]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen = Seen(self.command, self.path, self.headers.get("Authorization", ""), body)
            scripted.seen.append(seen)
            status, headers, content = scripted.reply(seen)
            with suppress(OSError):  # the client hangs up
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

        def log_message(self, format: str, *arguments: Any) -> None:
            """Log nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    scheme = "http"
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    scripted.url = f"{scheme}://127.0.0.1:{server.server_port}"
    yield scripted
    server.shutdown()
    thread.join()
    server.server_close()


def result(content: object, status: int = 200) -> Reply:
    return lambda _: (status, JSON, answers.write_result(content))


def issuing(fake: FakeCA | None = None) -> Reply:
    """Return a reply to every request as an honest CA answers an enrollment."""
    ca = fake or FakeCA()

    def reply(seen: Seen) -> tuple[int, Mapping[str, str], bytes]:
        effect = Rest(Endpoint("ca:7054", b""), seen.method, seen.path, body=seen.body)
        found: Answer = ca.answer(effect)
        return found.status, JSON, found.body

    return reply
