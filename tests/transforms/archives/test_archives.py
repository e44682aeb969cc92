"""Promises of reading again: a chunk's articles are read by their places."""

import errno
import functools
import gzip
import io
import tarfile
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.archives.sources import article, bulk, scan, tar_of, zip_of
from transforms.archives import Points, SourceChangedError, UnreadableError, bombs, read_articles
from transforms.archives.bombs import Meter
from transforms.archives.files import BLOCK_BYTES


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The same articles, larger and larger, in every kind of source."""
    folder = tmp_path_factory.mktemp("again")
    parts = [article(number, b"x" * number * 20_000) for number in range(1, 21)]
    (folder / "a.xml").write_bytes(bulk(*parts))
    (folder / "b.xml.gz").write_bytes(gzip.compress(bulk(*parts)))
    (folder / "c.xml").write_text(
        '<?xml version="1.0" encoding="latin-1"?><!--é-->' + bulk(*parts).decode(), "latin-1"
    )
    members = {"x.jpg": b"\xff", "1/1.nxml": parts[0], "1/2.nxml.gz": gzip.compress(parts[1])}
    members |= {"bulk.xml": bulk(*parts[2:5])}
    members["latin.xml"] = b'<?xml version="1.0" encoding="latin-1"?><!--\xe9-->' + parts[5]
    members |= {f"{'é' * number * 10}.xml": parts[number] for number in range(6, 20)}
    for name, mode, extra in (
        ("d.tar", "w", {}),
        ("e.tar.gz", "w:gz", {"format": tarfile.GNU_FORMAT}),
        ("f.tar.gz", "w:gz", {"pax_headers": {"comment": "of all members"}}),
    ):
        (folder / name).write_bytes(tar_of(members, mode, **extra))
    (folder / "g.zip").write_bytes(zip_of(members))
    found = [scan(path) for path in sorted(folder.iterdir())]
    assert [len(each) for each in found] == [20] * 7
    return found


def bytes_read(monkeypatch) -> list[int]:
    """Counts, from now on, what is read of local files and what comes out of decompression."""
    sizes = []
    add = Meter.add

    def count(meter, compressed, expanded):
        sizes.append(expanded)
        add(meter, compressed, expanded)

    class Counting(io.FileIO):
        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            sizes.append(len(data))
            return data

    monkeypatch.setattr(Meter, "add", count)
    monkeypatch.setattr("transforms.archives.open_patiently", Counting)
    return sizes


class TestReadingAgain:
    """A chunk's articles are read by their places."""

    @pytest.mark.parametrize("packed", [False, True])
    def test_changed_source(self, tmp_path, packed):
        """Bytes that are no longer those planned are never passed off as the article."""
        path = tmp_path / "a.xml"
        pack = gzip.compress if packed else bytes
        path.write_bytes(pack(bulk(article(1), article(2))))
        ranges = [each.range for each in scan(path)]
        for changed in (bulk(article(1), article(3)), bulk(article(1)), b""):
            path.write_bytes(pack(changed))
            with pytest.raises(SourceChangedError):
                list(read_articles(ranges))
        path.unlink()
        with pytest.raises(UnreadableError, match=r"a\.xml"):
            list(read_articles(ranges))

    def test_failing_disk(self, tmp_path, monkeypatch):
        """A file that fails to be read has not changed."""
        path = tmp_path / "a.xml"
        path.write_bytes(bulk(*map(article, range(9))))
        ranges = [each.range for each in scan(path)]

        class Failing(io.FileIO):
            def read(self, _: int | None = -1) -> bytes:
                raise OSError(errno.ESTALE, "Stale file handle")

        monkeypatch.setattr("transforms.archives.open_patiently", Failing)
        with pytest.raises(UnreadableError, match="Stale file handle"):
            list(read_articles(ranges))

    def test_planned_articles_are_no_bomb(self, tmp_path, monkeypatch):
        """However little they were compressed to: the plan has met them."""
        monkeypatch.setattr(bombs, "BOMB_BYTES", 1 << 20)
        path = tmp_path / "a.xml.gz"
        path.write_bytes(gzip.compress(bulk(*(article(1, b"word " * 2000) for _ in range(600)))))
        found = scan(path)
        assert len(found) == 600
        assert list(read_articles([found[-1].range])) == found[-1:]

    def test_member_gone(self, tmp_path):
        """A member that vanished is told."""
        path = tmp_path / "a.zip"
        path.write_bytes(zip_of({"a.xml": article(1), "b.xml": article(2)}))
        ranges = [each.range for each in scan(path)]
        path.write_bytes(zip_of({"b.xml": article(2)}))
        with pytest.raises(SourceChangedError, match="no longer there"):
            list(read_articles(ranges))

    @given(st.sets(st.integers(0, 19), min_size=1))
    @settings(max_examples=20, deadline=None)
    def test_any_of_the_ranges(self, sources, chosen):
        """Any choice of ranges, in the file's order, is read from any kind of source."""
        for found in sources:
            wanted = [found[number] for number in sorted(chosen)]
            assert list(read_articles([each.range for each in wanted])) == wanted

    def test_what_another_decompressed_is_passed_over(self, monkeypatch, sources):
        """The last article of a file costs a fraction of the file, once others were read."""
        monkeypatch.setattr(Points, "EVERY", BLOCK_BYTES)
        [found] = [found for found in sources if found[0].range.source_uri.endswith("gz")]
        sizes = bytes_read(monkeypatch)
        points = Points()
        for each in found:
            assert list(read_articles([each.range], points)) == [each]
        going_on = sum(sizes)
        sizes.clear()
        for each in found:
            list(read_articles([each.range]))
        assert going_on < sum(sizes) / 2

    @pytest.mark.parametrize("name", ["d.tar", "e.tar.gz", "g.zip"])
    def test_members_before_are_passed_over(self, monkeypatch, sources, name):
        """The last article costs a fraction of the package, a gzipped one once others were read."""
        monkeypatch.setattr(Points, "EVERY", BLOCK_BYTES)
        [found] = [found for found in sources if f"{name}!/" in found[0].range.source_uri]
        *others, last = found
        points = Points()
        for each in others:
            assert list(read_articles([each.range], points)) == [each]
        sizes = bytes_read(monkeypatch)
        assert list(read_articles([last.range], points)) == [last]
        going_on = sum(sizes)
        sizes.clear()
        [again] = read_articles([replace(last.range, package_byte=0)])
        assert again.xml == last.xml
        assert going_on < sum(sizes) / 3

    @given(st.data())
    @settings(max_examples=20, deadline=None)
    def test_changed_package(self, tmp_path_factory, data):
        """Members that moved, were cut off or have other bytes are never passed off as planned."""
        noise = np.random.default_rng(0)
        parts = [article(n, noise.bytes(90_000).hex().encode()) for n in range(1, 9)]
        members = {f"{number}.xml": part for number, part in enumerate(parts)}
        pack = data.draw(
            st.sampled_from([functools.partial(tar_of, mode="w"), tar_of, zip_of]), "pack"
        )
        path = tmp_path_factory.mktemp("changed") / "a"
        path.write_bytes(pack(members))
        found = scan(path)
        points = Points()
        assert list(read_articles([each.range for each in found], points)) == found
        changed = dict(
            zip(
                data.draw(st.permutations(sorted(members)), "names"),
                data.draw(st.lists(st.sampled_from(parts), min_size=8, max_size=8), "parts"),
                strict=True,
            )
        )
        packed = pack(changed)
        path.write_bytes(packed[: data.draw(st.just(len(packed)) | st.integers(0, len(packed)))])
        for each in found:
            with suppress(SourceChangedError, UnreadableError):
                assert list(read_articles([each.range], points)) == [each]
