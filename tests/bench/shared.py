"""What the benchmarks share: the folder of real articles and gold data, and a floor's session."""

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import LifoQueue

from models.model import Model
from pipeline.job.inputs import group_archives, match_inputs
from transforms.archives import scan_archive
from transforms.records import SourceArticle

SHARED = Path(os.environ.get("ANNOTATION_SHARED", Path(__file__).parents[3] / "shared"))


def need(part: str) -> Path:
    """A folder below the shared one; where it is missing, the benchmark ends with a word on it."""
    folder = SHARED / part
    if not folder.is_dir():
        print(f"SKIPPED: there is no {folder}; set ANNOTATION_SHARED", file=sys.stderr)
        sys.exit(0)
    return folder


def corpus_articles(*folders: str) -> Iterator[SourceArticle]:
    """The articles of the corpus: of all its archives, or of these folders."""
    corpus = need("corpus")
    patterns = [str(corpus / folder) for folder in folders or ("bulk", "single")]
    for archive in group_archives(match_inputs(patterns)):
        for found in scan_archive(archive):
            if isinstance(found, SourceArticle):
                yield found


def share_session(model: Model, threads: int) -> None:
    """Let so many threads score in one of a model's sessions, as ONNX Runtime allows."""
    session = model.sessions.idle.get()
    model.sessions.idle = LifoQueue()
    for _ in range(threads):
        model.sessions.idle.put(session)


def processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
