"""How a run is put together, started and looked at."""

__version__ = "0.1.0"
