"""Model folders, and what makes, checks and loads them.

``fetch`` copies one from its home, ``folder`` loads it, ``check`` proves it; ``export`` and
``quantize`` make one, ``bench`` measures it; ``train`` is the embedded model's recipe.
"""
