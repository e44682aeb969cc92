"""Sources on a web server that goes down: every command says so, and nothing is given up."""

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from tests.articles import article, write_archive
from transforms.archives import files


class Server(http.server.SimpleHTTPRequestHandler):
    """A folder on the web, and what ails the server."""

    ails: ClassVar[str] = ""

    def log_message(self, *args: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        """Answers as well as it can."""
        if self.ails.isdigit():
            self.send_error(int(self.ails))
            return
        data = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if self.ails else data)


@contextmanager
def ailing(ails: str) -> Iterator[None]:
    """The server breaks connections off, or answers each request with one status."""
    Server.ails = ails
    try:
        yield
    finally:
        Server.ails = ""


@pytest.fixture
def web(tmp_path, monkeypatch):
    """An archive's address."""
    monkeypatch.setattr(files, "OPENING_WAITS", ())
    write_archive(tmp_path / "a.xml.gz", map(article, range(1, 4)))
    handler = functools.partial(Server, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/a.xml.gz"
        server.shutdown()


def test_a_connection_that_breaks_off_ends_every_command_with_its_address(
    web, annotate, tiny, tmp_path, capsys
):
    """In one line, with exit code 1; ``annotate`` also tells how to go on, and then does."""
    output = tmp_path / "out"
    with ailing("breaks off"):
        assert annotate(web, output) == 1
    error, stays = capsys.readouterr().err.splitlines()[-2:]
    assert error == f"error: {web}: the connection broke off"
    assert stays.endswith("run the same command again to go on from there")
    assert annotate(web, output) == 0
    [shard] = (output / "annotations").iterdir()
    row = pq.read_table(shard).to_pylist()[0]
    assert main(["verify", str(output)]) == 0
    capsys.readouterr()
    for command in (
        ["estimate", "--input", web, "--model", tiny],
        ["verify", str(output)],
        ["resolve", str(output), row["annotation_id"]],
    ):
        with ailing("breaks off"):
            assert main(command) == 1
        assert capsys.readouterr().err == f"error: {web}: the connection broke off\n"


def test_a_server_that_is_overloaded_costs_no_article(web, annotate, tmp_path, capsys):
    """The run ends, and the same command goes on."""
    with ailing("503"):
        assert annotate(web, tmp_path / "out") == 1
    assert f"error: {web} cannot be opened now: 503 Server Error" in capsys.readouterr().err
    assert annotate(web, tmp_path / "out") == 0
