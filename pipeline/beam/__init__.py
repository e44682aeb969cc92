"""How Apache Beam runs the job: nothing else in the project imports Beam.

``graph`` is the job as a transform, ``runners`` says where it runs, ``execute`` runs it,
``stopping`` ends it from outside, ``failures`` says in a line why it failed.
"""
