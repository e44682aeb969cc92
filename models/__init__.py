"""Model folders, and what makes, checks and loads them.

``locate`` finds one, ``fetch`` copies it from its home; ``settings``, ``tokenizer`` and
``sessions`` read what is in it, ``model`` puts them together, ``annotators`` loads those of a run.
``check`` tells whether one works here, ``export`` and
``quantize`` make one, ``bench`` measures it; ``train`` is the embedded model's recipe.
"""
