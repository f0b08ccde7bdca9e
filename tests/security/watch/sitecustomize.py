"""Python loads this at the start of every process whose PYTHONPATH names this folder.

It writes down each address that the process, or one that it starts, connects or sends to, and each
host name that it looks up. C++ that opens sockets by itself (collectives of torch) is not seen.
"""

import os
import sys

_WATCHED = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0}
"""Audit events, and where their address stands. Source: Python's table of audit events."""


def _write_down(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _WATCHED:
        return
    address = arguments[_WATCHED[event]]
    if isinstance(address, tuple):  # IPv4 or IPv6; sockets in the file system are texts
        address = f"{address[0]}:{address[1]}"
    elif event != "socket.getaddrinfo":
        return
    elif arguments[1]:
        address = f"{address}:{arguments[1]}"
    line = f"{event} {address}\n".encode()
    log = os.open(os.environ["SOCKET_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, line)
    os.close(log)


if os.environ.get("SOCKET_LOG"):
    sys.addaudithook(_write_down)
