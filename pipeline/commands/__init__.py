"""The commands: each module holds one command's flags, what it prints, and its exit code.

A module has ``add_arguments(parser)`` and ``run(args)``, which returns the exit code or raises a
``UserError`` or ``JobError``. ``SUMMARIES`` names them; ``flags`` has what several of them share.
"""

SUMMARIES = {
    "annotate": "annotate articles: XML in, Parquet and JSON lines out",
    "verify": "re-read the sources and check every promise about an output folder",
    "show": "show an article with its mentions: a page, or text in the terminal",
    "resolve": "show an annotation in its XML",
    "estimate": "annotate a few articles, and tell what all of them would take",
    "evaluate": "compare a model, or an output folder, with gold data",
    "export": "write the annotations in the formats of Europe PMC, BioC, PubTator, W3C and brat",
    "report": "write one HTML page about the run",
    "terms": "list, build, check and search terminologies, and list what they lack",
    "sql": "ask runs in SQL: views, named questions, a prompt",
    "schema": "print CREATE TABLE statements for BigQuery, Spark, Trino or Snowflake",
    "diff": "tell what two runs agree on, and what they do not",
    "models": "list, check, export, quantize, bench and fetch models",
}
"""What each command does. Its module has the command's name."""
