"""How a run is put together, started and looked at.

``commands`` are what the user calls. ``beam`` distributes the ``job``, ``output`` is the folder
that it writes, ``results`` what looks at a finished one, ``evaluation`` how good it is.
"""

__version__ = "0.1.0"
