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
agree     ``agreement``: one type for a name, wherever it stands; ``abbreviations``
remap     ``annotations``: each mention's place in the text and in the XML
link      ``linker``: what mentions mean
write     ``shards``: tables as Parquet, and lines of JSON
========  ==============================================================

A stage knows no other stage. Between split and write, an article goes through layers, as
``layers`` says what they are: ``mentions`` is the first, of the stages from window to remap, and
``links`` the second. ``concepts`` says what a terminology is, and ``names`` makes its keys.
``tables`` names every layer and every table. ``records`` has what the stages hand on, ``limits``
how large an article may be, ``errors`` what ends a command, ``remote`` the clients of remote files.

To add a layer, write a module like ``mentions``, and name it in ``tables.LAYERS``: its table is
then in every output folder, receipt and check.
"""
