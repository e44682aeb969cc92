"""How good a model or a run is: ``evaluate`` puts it together.

``gold`` data are read, ``predictions`` made or found (``align`` carries them from one rendering of
an article to another), and both compared: ``scores``.
"""
