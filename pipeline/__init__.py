"""How a run is put together, started and looked at."""
