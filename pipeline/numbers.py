"""Numbers that flags of several commands take, checked as ``argparse`` wants it."""

import argparse


def positive(text: str) -> int:
    """A whole number from 1 up."""
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 up")
    return int(text)


def positive_float(text: str) -> float:
    """A number over 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number over 0")
    return value
