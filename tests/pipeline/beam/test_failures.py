"""What Beam makes of a worker's exception becomes one line again."""

import pytest

from pipeline.beam.failures import readable, way_on
from transforms.errors import JobError, UserError


def kinds(base):
    """All classes of errors below one."""
    return [base] + [kind for below in base.__subclasses__() for kind in kinds(below)]


@pytest.mark.parametrize("kind", [*kinds(UserError), *kinds(JobError)])
def test_what_a_worker_says_is_told_in_its_own_words(kind):
    """Beam hands it on as the text of another exception, its traceback before it."""
    traceback = (
        "Traceback (most recent call last):\n"
        '  File "worker.py", line 1, in setup\n'
        "    raise e\n"
        f"{kind.__module__}.{kind.__name__}: the model x cannot be fetched: no connection "
        "[while running 'AnnotateChunk']\n"
    )
    error = RuntimeError(traceback)
    assert readable(error) == "the model x cannot be fetched: no connection"
    ways = {
        **dict.fromkeys(("InputChangedError", "LostInputError", "TakenOverError"), ""),
        "SourceChangedError": "use --update to annotate what is new or changed",
    }
    assert way_on(error, "again") == ways.get(kind.__name__, "again")


def test_other_failures_are_told_by_their_last_line():
    """With the name of their class."""
    assert readable(ValueError("a\nnot that\n")) == "ValueError: not that"
