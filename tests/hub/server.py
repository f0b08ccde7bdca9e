"""A hub on this machine: the few endpoints that fetching and publishing need, with planted faults.

It keeps what it was asked and what it was sent, so that tests can look at both.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.local_server import LocalServer

COMMIT = "c0ffee" + "0" * 34
BIG_FROM = 1000
"""Files of this size and more are large: known by SHA-256, as the hub does from 10 MB."""


def git_hash(content: bytes) -> str:
    """Name of a Git blob. Source: Git's own book, section on objects."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass
class Request:
    """What came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Hub:
    """State of the server.

    Attributes:
        files: Content by repository id and path.
        cut_after: Bytes after which the connection is dropped, once each, by path.
        busy: How often a file is answered with 503 first, by path.
        wrong: Content sent instead of the true one, by path.
        ignores_range: Whether a range is answered with the whole file.
        status: Answered to every call instead of anything else.
        refuses_commit: Answer a commit with 400.
    """

    address: str = ""
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    cut_after: dict[str, list[int]] = field(default_factory=dict)
    wrong: dict[str, bytes] = field(default_factory=dict)
    busy: dict[str, int] = field(default_factory=dict)
    ignores_range: bool = False
    status: int = 0
    refuses_commit: bool = False
    requests: list[Request] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    created: list[dict[str, object]] = field(default_factory=list)

    def asked(self, method: str, word: str) -> list[Request]:
        """Requests with a word in their path."""
        return [r for r in self.requests if r.method == method and word in r.path]

    def tree(self, repo_id: str) -> list[dict[str, object]]:
        """The listing of a repository as the hub gives it."""
        listed = []
        for path, content in self.files[repo_id].items():
            entry: dict[str, object] = {"type": "file", "path": path, "size": len(content)}
            entry["oid"] = git_hash(content)
            if len(content) >= BIG_FROM:
                sha256 = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 134}
            listed.append(entry)
        return listed


@contextmanager
def serve_hub() -> Iterator[Hub]:
    """Serve on a free port of this machine until the block ends."""
    hub = Hub()

    class Handler(_Handler):
        state = hub

    server = LocalServer(Handler)
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._note(b"")
        path = self.path.partition("?")[0]
        info = re.fullmatch(r"/api/(?:models|datasets)/([^/]+/[^/]+)(/revision/.*)?", path)
        tree = re.fullmatch(r"/api/(?:models|datasets)/([^/]+/[^/]+)/tree/.*", path)
        file = re.fullmatch(r"(?:/datasets)?/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path)
        if self.state.status:
            self._answer(self.state.status, {"error": "no"})
        elif info and info[1] in self.state.files:
            self._answer(200, {"id": info[1], "sha": COMMIT, "siblings": []})
        elif tree and tree[1] in self.state.files:
            self._answer(200, self.state.tree(tree[1]))
        elif file and file[2] in self.state.files.get(file[1], {}):
            self._send_file(file[2], self.state.files[file[1]][file[2]])
        else:
            self._answer(404, {"error": "not found"}, {"X-Error-Code": "RepoNotFound"})

    def do_POST(self) -> None:
        body = self._note(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        if self.state.status:
            self._answer(self.state.status, {"error": "no"})
        elif self.path == "/api/validate-yaml":
            self._answer(200, {"errors": [], "warnings": []})
        elif self.path == "/api/repos/create":
            wanted = json.loads(body)
            self.state.created.append(wanted)
            name = f"{wanted.get('organization', 'me')}/{wanted['name']}"
            self._answer(200, {"url": f"{self.state.address}/{name}", "name": name})
        elif "/preupload/" in self.path:
            files = json.loads(body)["files"]
            modes = [
                {
                    "path": f["path"],
                    "uploadMode": "lfs" if f["size"] >= BIG_FROM else "regular",
                    "shouldIgnore": False,
                }
                for f in files
            ]
            self._answer(200, {"files": modes})
        elif self.path.endswith("/info/lfs/objects/batch"):
            self._answer(200, {"objects": [self._action(o) for o in json.loads(body)["objects"]]})
        elif "/commit/" in self.path and not self.state.refuses_commit:
            self._commit(body)
        else:
            self._answer(400, {"error": "refused"})

    def do_PUT(self) -> None:
        body = self._note(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self.state.objects[self.path.rpartition("/")[2]] = body
        self._answer(200, {})

    def _note(self, body: bytes) -> bytes:
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.state.requests.append(Request(self.command, self.path, headers, body))
        return body

    def _action(self, wanted: dict[str, object]) -> dict[str, object]:
        oid = str(wanted["oid"])
        answer = {"oid": oid, "size": wanted["size"]}
        if oid in self.state.objects:
            return answer
        return answer | {"actions": {"upload": {"href": f"{self.state.address}/lfs/{oid}"}}}

    def _commit(self, body: bytes) -> None:
        sent: dict[str, bytes] = {}
        for line in body.splitlines():
            item = json.loads(line)
            value = item["value"]
            if item["key"] == "file":
                sent[value["path"]] = base64.b64decode(value["content"])
            elif item["key"] == "lfsFile":
                sent[value["path"]] = self.state.objects[value["oid"]]
        repo_id = re.search(r"/api/(?:models|datasets)/([^/]+/[^/]+)/commit", self.path)[1]
        self.state.commits[repo_id] = sent
        address = f"{self.state.address}/{repo_id}/commit/{COMMIT}"
        self._answer(200, {"commitUrl": address, "commitOid": COMMIT})

    def _send_file(self, path: str, content: bytes) -> None:
        if self.state.busy.get(path):
            self.state.busy[path] -= 1
            self._answer(503, {"error": "busy"})
            return
        content = self.state.wrong.get(path, content)
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = 0 if asked is None or self.state.ignores_range else int(asked[1])
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        cuts = self.state.cut_after.get(path)
        if cuts:
            self.wfile.write(content[start : start + cuts.pop(0)])
            self.close_connection = True  # fewer bytes than announced: the client sees a break
        else:
            self.wfile.write(content[start:])

    def _answer(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
