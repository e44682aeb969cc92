"""The one line that says why a job failed, out of what Beam makes of a worker's exception."""

import re
import traceback

from models.files import ModelError, UnavailableError
from pipeline.job.plan import InputChangedError, LostInputError
from pipeline.job.stopping import WORKER_ENDED
from pipeline.job.worker import OtherWorkerError
from pipeline.output.record import DamagedError, OutputError, TakenOverError
from pipeline.output.storage import StorageError
from transforms.archives import SourceChangedError, UnreadableError

# Beam hands exceptions on as text inside its own traceback.
# What they say includes what to do, or nothing is left to go on with.
_FINAL = (InputChangedError, LostInputError, TakenOverError)
READABLE = (
    *_FINAL,
    DamagedError,
    ModelError,
    OtherWorkerError,
    OutputError,
    SourceChangedError,
    StorageError,
    UnavailableError,
    UnreadableError,
)
"""What a worker raises for a person to read."""

_TOLD = re.compile(rf"\b(?:{'|'.join(error.__name__ for error in READABLE)}): (.*)")
_OF_THREADS = ("FutureTimeoutError", "can't start new thread")


def way_on(error: Exception, again: str) -> str:
    """How to go on where the job failed; "" if the error says so itself, or there is no way.

    Args:
        error: that the job ended with.
        again: how to go on if nothing has changed.
    """
    told = _told(error)
    if any(final.__name__ in told for final in _FINAL):
        return ""
    if SourceChangedError.__name__ in told:
        return "use --update to annotate what is new or changed"
    return again


def readable(error: Exception) -> str:
    """What was wrong, in one line."""
    told = _told(error)
    if found := _TOLD.findall(told):
        return str(found[-1]).split(" [while running")[0].strip("'\" ")
    if "Channel closed prematurely" in told:
        return WORKER_ENDED
    if any(sign in told for sign in _OF_THREADS):
        return (
            "Beam could not start all its threads: this process may have too few (ulimit -u), or "
            "too little address space (ulimit -v; it needs 3 GB, most of which stays unused)"
        )
    last = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {last[-1] if last else error}"


def _told(error: Exception) -> str:
    return "".join(traceback.format_exception(error))
