"""The run itself, without Beam: from what the user asks for to what it wrote.

In the order of the journey: ``inputs`` matches what is read, ``options`` says how, ``begin`` takes
the output folder into use (``fingerprint`` says whether an earlier run there had the same code).
``plan`` reads the archives and cuts them into ``chunks``, ``worker`` annotates one (``reuse`` keeps
what an earlier run found, ``memory`` is given back), ``commit`` ends the whole. ``progress`` and
``summary`` tell of it; ``estimate`` comes before a long one.
"""
