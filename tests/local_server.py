"""A server on this machine that does not mind a client which goes away."""

import sys
from http.server import ThreadingHTTPServer


class LocalServer(ThreadingHTTPServer):
    """Answers on a free port of 127.0.0.1. Clients that hang up are no fault, and print nothing."""

    daemon_threads = True

    def __init__(self, handler: type) -> None:
        super().__init__(("127.0.0.1", 0), handler)

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)
