"""An orderer's participation API with scripted responses, over HTTPS with client certificates."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from tempfile import NamedTemporaryFile

from pyfabric.client.effects import Endpoint
from tests.support.client.gateway_server import Pki


class ScriptedOrderer:
    """Answers each request with the status and body set for its verb and path, and remembers it."""

    def __init__(self, pki: Pki) -> None:
        self._pki = pki
        self.answers: dict[tuple[str, str], tuple[int, bytes]] = {}
        self.requests: list[tuple[str, str, str, bytes]] = []
        orderer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                kind = self.headers.get("Content-Type", "")
                orderer.requests.append((self.command, self.path, kind, body))
                status, content = orderer.answers[self.command, self.path]
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = _answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._server.block_on_close = True
        self._server.socket = self._context().wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens, with the client certificate that it wants."""
        certificate, key = self._pki.client
        return Endpoint(
            f"127.0.0.1:{self._server.server_port}",
            self._pki.roots,
            client_certificate=certificate,
            client_key=key,
        )

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=self._pki.roots.decode())
        with NamedTemporaryFile() as file:
            file.write(b"".join(self._pki.server))
            file.flush()
            context.load_cert_chain(file.name)
        return context
