"""The run itself, from what the user says to the last line that the user sees.

In the order of the journey: ``annotate`` is the command, ``options`` and ``inputs`` are what it is
told, ``runners`` where it runs. ``run`` begins and ends the whole. ``plan`` reads the archives and
cuts them into ``chunks``, ``graph`` spreads these, ``worker`` annotates one (``reuse`` keeps what
an earlier run found, ``memory`` is given back). ``progress`` and ``summary`` tell of it;
``estimate`` comes before a long one.
"""
