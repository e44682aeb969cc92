"""The output folder: ``paths`` in it, its files in ``storage``, and what they say.

``receipts`` commit the chunks, ``record`` is ``run.json``, ``committed`` gives the rows.
"""
