"""Re-reads sources and output, and checks every promise that the output makes.

1. slices: ``text[start:end] == exact``, and prefix and postfix likewise
2. places: the XPaths and offsets give the same characters in the source XML
3. articles: each one of every input is one row of ``articles``, or of ``rejects`` for a reason
4. characters: those kept stand in the text, each once; with those excluded they are the source's
5. words: each of the source stands in the text or is left out for a reason; in the text none are
   glued together that are apart in the source
6. tokens: each was scored once, in no window over its model's limit
7. sentences: ordered, disjoint, covering every character that is not white space
8. files: receipts, shards, ``run.json`` and the input files agree
9. scores: articles that are annotated again have the same mentions and scores (``--rescore N``)
"""
