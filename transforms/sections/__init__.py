"""The section code of a passage, from the titles and types of the elements around it.

Everything that a curator may want to change stands in ``tables``: what titles, types, elements and
statements tell. ``codes`` reads it.
"""

from transforms.sections.codes import section_code
from transforms.sections.tables import CODES

__all__ = ["CODES", "section_code"]
