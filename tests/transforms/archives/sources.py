"""Sources made to order, and what reading them gives."""

import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from transforms.archives import scan_archive
from transforms.records import Archive, Reject, SourceArticle

XLINK = b'xmlns:xlink="http://www.w3.org/1999/xlink"'


def article(pmcid: int, body: bytes = b"<p>TNF binds.</p>") -> bytes:
    """An article with markup that could mislead a search for its tags."""
    return (
        b"<article %s><?properties open_access?><front><article-meta>"
        b'<article-id pub-id-type="pmcid">%d</article-id>'
        b"<title-group><article-title>T</article-title></title-group></article-meta></front>"
        b"<body>%s</body><back><ref-list><ref><article-title>R</article-title></ref></ref-list>"
        b"</back></article>" % (XLINK, pmcid, body)
    )


def bulk(*parts: bytes) -> bytes:
    """Articles as in Europe PMC's bulk files."""
    return b"<articles>\n" + b"\n".join(parts) + b"\n</articles>\n"


def tar_of(
    members: dict[str, bytes],
    mode: str = "w:gz",
    special: Iterable[tarfile.TarInfo] = (),
    **options: Any,
) -> bytes:
    """A tar file, with special members behind the plain ones."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, **options) as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for info in special:
            tar.addfile(info)
    return out.getvalue()


def zip_of(members: dict[str, bytes]) -> bytes:
    """A zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in members.items():
            package.writestr(name, data)
    return out.getvalue()


def scan(path: Path, **limits: int) -> list[SourceArticle | Reject]:
    """All that a file gives."""
    return list(scan_archive(Archive("a", (str(path),)), **limits))


def index_of(found: SourceArticle | Reject) -> int:
    """The position in the source."""
    return found.source_index if isinstance(found, Reject) else found.range.source_index


def told(found: Iterable[SourceArticle | Reject]) -> list[str]:
    """Ids of articles, and reasons of rejects."""
    return [each.reason if isinstance(each, Reject) else each.range.article_id for each in found]
