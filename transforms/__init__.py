"""The stages, in the order in which the data meets them: see ``journey``."""
