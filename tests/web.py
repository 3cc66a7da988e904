"""A web server on this machine that behaves as well or as badly as a test wants."""

import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves `server.bodies`; /slow sends a byte at a time, /drip even its headers."""

    def do_GET(self):
        self.server.requests.append(self.path)
        try:
            self.answer()
        except OSError:
            pass  # the client has hung up, as it should

    def answer(self):
        if self.path.startswith("/silent"):
            self.server.stopped.wait()
        elif self.path.startswith("/drip"):
            self.drip(b"HTTP/1.0 200 OK\r\nX-Header: " + b"a" * 1000)
        elif self.path.startswith("/endless"):
            self.flood()
        elif self.path in self.server.redirects:
            self.send_response(302)
            self.send_header("Location", self.server.redirects[self.path])
            self.end_headers()
        elif self.path not in self.server.bodies:
            self.send_error(404)
        else:
            self.send_response(200)
            self.end_headers()
            body = self.server.bodies[self.path]
            send = self.drip if self.path.startswith("/slow") else self.wfile.write
            send(body)

    def flood(self):
        self.send_response(200)
        self.end_headers()
        try:
            while not self.server.stopped.is_set():
                self.wfile.write(bytes(2**16))
        except OSError:
            self.server.hung_up.set()

    def drip(self, content: bytes):
        for byte in content:
            if self.server.stopped.wait(0.02):
                return
            self.wfile.write(bytes([byte]))

    def log_message(self, *_):
        pass


@contextmanager
def serve(certificate: Path | None = None) -> Iterator[http.server.ThreadingHTTPServer]:
    """A server on http, or https with a certificate; its address is `url`.

    `bodies` are contents by path, `redirects` addresses by path, `requests` the paths
    that were asked for.
    """
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.bodies, web.redirects, web.requests = {}, {}, []
    web.stopped, web.hung_up = threading.Event(), threading.Event()
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        web.socket = context.wrap_socket(web.socket, server_side=True)
    scheme = "https" if certificate else "http"
    web.url = f"{scheme}://127.0.0.1:{web.server_address[1]}"
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield web
    finally:
        web.stopped.set()
        web.shutdown()
        web.server_close()
        thread.join()
