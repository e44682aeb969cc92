"""The models of a run, loaded: once a process, and with the memory that they need."""

import functools
from collections.abc import Sequence

from models.model import Model, load_model
from transforms.inference import BATCH_TOKENS
from transforms.layers import Annotator, ModelOptions


@functools.cache
def load_cached(folder: str, threads: int) -> Model:
    """A model, loaded once a process: launcher and workers of a local run share it.

    Args:
        folder: as ``load_model`` takes it.
        threads: that compute at a time.

    Raises:
        ModelError: the folder is not a model that can work.
    """
    return load_model(folder, threads)


def default_options(folder: str, model: Model) -> ModelOptions:
    """How a model's own folder wants its scores to become mentions; people are left out."""
    settings = model.settings
    return ModelOptions(
        folder,
        settings.aggregation,
        min_scores=settings.min_scores,
        types=dict.fromkeys(settings.people, ""),
        agreement=settings.agreement,
    )


def load_annotators(models: Sequence[ModelOptions], threads: int = 1) -> tuple[Annotator, ...]:
    """The models of a run, loaded for so many threads.

    Every session has then all the memory that it ever takes, and does not grow with the first long
    sentence that it meets: by 27 MB a session of 6 x 384, hours later.

    Raises:
        ModelError: a folder is not a model that can work.
    """
    annotators = []
    for options in models:
        model = load_cached(options.folder, threads)
        model.reserve(BATCH_TOKENS)
        annotators.append(Annotator(model, options))
    return tuple(annotators)
