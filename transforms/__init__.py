"""The stages, from an article's bytes to its rows; ``journey`` takes an article through them.

========  ==============================================================
stage     module
========  ==============================================================
read      ``archives``: where each article stands in its source
parse     ``jats``: text, and its map to the XML
classify  ``sections``: the section code of each passage
split     ``sentences``
window    ``windows``: tokens, and the stretches of them that a model reads
infer     ``inference``: logits of every token
decode    ``entities``: mentions; ``labels``: what the labels mean
remap     ``annotations``: each mention's place in the text and in the XML
write     ``shards``: rows of the tables, and lines of JSON
========  ==============================================================

``records`` has what they hand on.
"""
