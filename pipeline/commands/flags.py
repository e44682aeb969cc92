"""What several commands share: the default model, and types of flags as ``argparse`` wants them."""

import argparse
import math

DEFAULT_TERMS = "terms-bio"
DEFAULT_MODEL = "minilm-l6-bioner"


def positive(text: str) -> int:
    """Parses a whole number from 1 up."""
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 up")
    return int(text)


def positive_float(text: str) -> float:
    """Parses a number over 0."""
    value = _number(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number over 0")
    return value


def rate(text: str) -> float:
    """Parses a number from 0 to 1."""
    value = _number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 to 1")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
