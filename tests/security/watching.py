"""Which addresses a command and the programs it starts talk to, and which of them are strangers.

`watch/sockets.cpp` is compiled and preloaded into every program; it sees what goes through the C
library, whatever language asks.
"""

import ipaddress
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("watch") / "sockets.cpp"
TORCHRUN = " -m torch.distributed.run --standalone "
"""How the stage scripts launch the ranks of one machine."""
ANY_ADDRESS = ("::", "0.0.0.0")
IPV6_PROBE = ("bind", "::1")
"""At a port that is free. Source: urllib3, util/connection.py, _has_ipv6."""


@dataclass(frozen=True)
class Contact:
    """A call, and the program that made it.

    Attributes:
        call: connect, send, bind, listen or look up.
        host: Address or name.
        port: 0 where the call names none.
        program: Its command line.
        parent: That of the program that started it.
    """

    call: str
    host: str
    port: int
    program: str
    parent: str

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}" if self.port else self.host

    def __str__(self) -> str:
        return f"{self.call} {self.address} by {self.program} (started by {self.parent})"


class SocketWatch:
    """Watches programs that run with its variables."""

    def __init__(self, folder: Path) -> None:
        """Compile the library into a folder; its record lies there too."""
        self._library = build_library(folder)
        self.log = folder / "sockets.txt"

    @property
    def variables(self) -> dict[str, str]:
        """What a program's environment must hold; programs that it starts inherit it."""
        return {"LD_PRELOAD": str(self._library), "SOCKET_LOG": str(self.log)}

    def forget(self) -> None:
        """Begin a new record."""
        self.log.unlink(missing_ok=True)

    @property
    def programs(self) -> list[str]:
        """Command lines of the programs that were watched."""
        return [contact.program for contact in self._read() if contact.call == "start"]

    @property
    def contacts(self) -> list[Contact]:
        """What they did, each call once."""
        found = dict.fromkeys(self._read())
        return [contact for contact in found if contact.call != "start"]

    def _read(self) -> list[Contact]:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        rows = (line.split("\t") for line in lines)
        return [Contact(call, host, int(port), *others) for call, host, port, *others in rows]


def build_library(folder: Path) -> Path:
    """Compile the library that notes calls.

    Raises:
        FileNotFoundError: This machine has no C++ compiler.
    """
    library = folder / "sockets.so"
    if not library.exists():
        compiler = next(filter(None, map(shutil.which, ("g++", "c++", "clang++"))), None)
        if compiler is None:
            raise FileNotFoundError("no g++, c++ or clang++ on PATH")
        flags = ("-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(library))
        subprocess.run([compiler, *flags, str(SOURCE), "-ldl"], check=True, timeout=200)
    return library


def strangers(contacts: Iterable[Contact], *, named: Collection[str] = ()) -> list[Contact]:
    """Those that are neither a named endpoint nor ranks of this machine among themselves.

    urllib3 binds a socket to ::1 when it is imported, to learn whether there is IPv6, and closes
    it. That reaches nobody: who wants to be reached listens, who reaches out connects or sends.

    Args:
        contacts: What was done.
        named: Addresses that the user named, as host:port.
    """
    own = own_addresses()
    return [
        contact
        for contact in contacts
        if contact.address not in named
        and not _is_among_ranks(contact, own)
        and (contact.call, contact.address) != IPV6_PROBE
    ]


def without_pip(contacts: Iterable[Contact]) -> list[Contact]:
    """Without those of pip, which environment.sh runs: it asks the package index, as it should."""
    return [c for c in contacts if not re.search(r" -m pip |/pip/__pip-runner__", c.program)]


def own_addresses() -> frozenset[str]:
    """This machine's name, and the addresses that it stands for."""
    name = socket.gethostname()
    try:
        found = socket.getaddrinfo(name, None)
    except OSError:
        found = []
    return frozenset({name, socket.getfqdn(), *(str(entry[4][0]) for entry in found)})


def _is_among_ranks(contact: Contact, own: Collection[str]) -> bool:
    """Whether this is torchrun or a rank that it started, on loopback or this machine's own name.

    Gloo binds to the address that the machine's name stands for. The store through which ranks find
    each other listens on every interface, at a port that is free: torch offers no other way.
    """
    is_launcher = TORCHRUN in contact.program
    if not is_launcher and TORCHRUN not in contact.parent:
        return False
    if contact.host in ANY_ADDRESS:
        is_free = (contact.call, contact.port) == ("bind", 0)
        return is_launcher and (is_free or contact.call == "listen")
    return contact.host == "localhost" or contact.host in own or _is_loopback(contact.host)


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def online(**changes: str) -> dict[str, str]:
    """This process's environment without the switches that keep libraries off the network."""
    kept = {k: v for k, v in os.environ.items() if not k.endswith("_OFFLINE")}
    return {**kept, **changes}


def commands_of(programs: Iterable[str]) -> set[str]:
    """Which gre commands are among some command lines: "evaluate", "train sft" and so on."""
    found = (re.search(r"(?:/| -m )gre ((?:train )?[a-z][a-z-]*)", program) for program in programs)
    return {match[1] for match in found if match}
