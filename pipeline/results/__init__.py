"""What looks at a finished run.

``verify`` checks its promises (``xmltext`` reads the source anew), ``resolve`` leads from a row to
the XML, ``export`` writes other ``formats``, ``report`` makes a page of the ``findings``.
"""
