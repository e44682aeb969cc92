"""Web servers of several kinds, on this machine."""

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A folder on the web; ranges are ignored."""

    def log_message(self, *args: object) -> None:
        """Says nothing."""


class WithRanges(Quiet):
    """Files that can be asked for from a byte on; tells what was asked for."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Answers as large servers do."""
        data = Path(self.translate_path(self.path)).read_bytes()
        wanted = self.headers.get("Range", "")
        self.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-") or 0)
        self.send_response(206 if wanted else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(data) - start))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        with suppress(ConnectionError):  # who reads has enough
            self.wfile.write(data[start:])


class Boasting(Quiet):
    """A folder on the web; ranges are promised, and ignored."""

    def end_headers(self) -> None:
        """Ends them with the promise."""
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()


class Breaking(Quiet):
    """Promises twice as much as it sends."""

    def do_GET(self) -> None:
        """Answers as a server that goes down."""
        data = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(2 * len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def served(handler, folder) -> Iterator[str]:
    """A folder's address on a web server."""
    made = functools.partial(handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), made) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
