"""The one line that says why a job failed, out of what Beam makes of a worker's exception."""

import re
import traceback

from pipeline.beam.stopping import WORKER_ENDED
from pipeline.job.plan import InputChangedError, LostInputError
from pipeline.output.record import TakenOverError
from transforms.archives import SourceChangedError
from transforms.errors import JobError

_ADVICE: dict[type[JobError], str] = {
    InputChangedError: "",
    LostInputError: "",
    SourceChangedError: "use --update to annotate what is new or changed",
    TakenOverError: "",
}
"""How to go on after errors that the same command would meet again; "" if their message says it."""

# Beam hands exceptions on as text inside its own traceback.
_OWN = re.compile(r"\b(?:models|pipeline|transforms)\.[\w.]+Error: (.*)")
_OF_THREADS = ("FutureTimeoutError", "can't start new thread")


def way_on(error: Exception, again: str) -> str:
    """How to go on where the job failed; "" if the error says so itself, or there is no way.

    Args:
        error: that the job ended with.
        again: how to go on if nothing has changed.
    """
    told = _told(error)
    known = (advice for kind, advice in _ADVICE.items() if f"{kind.__name__}: " in told)
    return next(known, again)


def readable(error: Exception) -> str:
    """What was wrong, in one line."""
    told = _told(error)
    if found := _OWN.findall(told):
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
