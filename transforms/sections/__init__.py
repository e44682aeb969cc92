"""The section code of each passage, from the titles and types of the elements around it.

What a curator may want to change stands in ``titles.tsv`` and ``statements.tsv``, which ``rules``
reads. ``titles`` applies it to one title, ``elements`` has what elements and places tell, and
``codes`` weighs the evidence.
"""

from transforms.sections.codes import code_sections, section_code
from transforms.sections.elements import CODES

__all__ = ["CODES", "code_sections", "section_code"]
