"""A model folder in, a token classifier that is proven to work out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.encoder import Encoder
from models.files import ModelError
from models.locate import find_model_folder
from models.proof import find_logits, reads_batches
from models.settings import Settings, read_settings
from transforms.labels import outside_labels, read_scheme


@dataclass(frozen=True)
class Model(Encoder):
    """A token classifier: an encoder that gives each token a score for each label.

    Attributes:
        probabilities: whether the graph has put its logits through softmax.
    """

    probabilities: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """In the order of the graph's last dimension, as the folder has them."""
        return self.settings.labels

    def score(self, windows: Sequence[NDArray[np.int32]]) -> NDArray[np.float32]:
        """Logits of one batch.

        Args:
            windows: token ids of each window, without special tokens.

        Returns:
            Array of windows x tokens of the longest window x labels. Row ``i`` counts up to
            ``len(windows[i])``; what follows is padding.
        """
        before = len(self.before)
        longest = max(len(ids) for ids in windows)
        scores = self.run(windows)[:, before : before + longest]
        if self.probabilities:
            return np.log(np.maximum(scores, np.finfo(np.float32).tiny))
        return scores


def load_model(name_or_dir: str, threads: int = 1) -> Model:
    """Loads a token classifier and proves that it works here.

    Args:
        name_or_dir: name of an embedded or known model, a folder, or the URI of one.
        threads: that compute at a time.

    Raises:
        ModelError: the model cannot work; one sentence says why.
    """
    settings = read_settings(find_model_folder(name_or_dir))
    _check_labels(settings)
    model = Model.load(settings, threads)
    output, probabilities = find_logits(model, len(model.labels))
    model = replace(model, output=output, probabilities=probabilities)
    model = replace(model, one_by_one=not reads_batches(model))
    run_self_test(model)
    return model


def run_self_test(model: Model) -> float:
    """Compares the model's answers here with those in its folder.

    Catches a swapped file, another version of the tokenizer, or a kernel that computes wrongly on
    this processor.

    Returns:
        The largest difference of a logit; 0 for a folder without a self-test.

    Raises:
        ModelError: tokens or labels differ, or a logit by more than the tolerance.
    """
    worst, tolerance = 0.0, model.settings.tolerance
    for case in model.settings.self_tests:
        encoding = model.tokenizer.encode(case.text, add_special_tokens=False)
        if len(encoding) != len(case.labels):
            raise ModelError(
                f"{model.name} fails its self-test: {case.text!r} has {len(encoding)} tokens, "
                f"expected {len(case.labels)}"
            )
        logits = model.score([np.array(encoding.ids, np.int32)])[0]
        if not np.isfinite(logits).all():
            raise ModelError(f"{model.name} fails its self-test: {case.text!r} has logits like NaN")
        if logits.shape != case.logits.shape or not set(case.labels) <= set(model.labels):
            raise ModelError(
                f"{model.name} fails its self-test: it was made with other labels than those of "
                f"config.json, {', '.join(model.labels)}"
            )
        worst = max(worst, float(np.abs(logits - case.logits).max()))
        expected = [model.labels.index(label) for label in case.labels]
        # A label may lose to another only by what two logits may differ.
        lead = logits.max(axis=1) - logits[np.arange(len(expected)), expected]
        if worst > tolerance or lead.max() > 2 * tolerance:
            raise ModelError(
                f"{model.name} fails its self-test: a logit of {case.text!r} differs by "
                f"{worst:.4f}, more than {tolerance}; the processor, a library or a file "
                f"differs from where the model was made"
            )
    return worst


def _check_labels(settings: Settings) -> None:
    """Raises ModelError for labels that are not those of a token classifier."""
    labels = settings.labels
    if not outside_labels(labels):
        raise ModelError(
            f"{settings.folder / 'config.json'}: none of the labels {', '.join(labels)} is O, "
            "so nothing says which tokens are outside of entities: name them under id2label"
        )
    types = read_scheme(labels).types
    if unknown := [kind for kind in settings.min_scores if kind not in types]:
        raise ModelError(
            f"{settings.folder / 'model.json'}: the threshold of {unknown[0]!r} is of no entity "
            "type of the model"
        )
    if unknown := [kind for pair in settings.people.items() for kind in pair if kind not in types]:
        raise ModelError(
            f"{settings.folder / 'model.json'}: people are {unknown[0]!r}, which is no entity type "
            "of the model"
        )
