"""How a run is put together, started and looked at.

``job`` is the run itself, ``output`` the folder that it writes, ``results`` what looks at a
finished one, ``evaluation`` how good it is. ``__main__`` has the commands.
"""

__version__ = "0.1.0"
