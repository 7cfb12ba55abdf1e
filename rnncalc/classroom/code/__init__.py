"""Grading of code: every submission runs in a process of its own with limits; its verdict comes back by a private pipe.

handed_in.py finds the submissions, run.py makes the mark sheet, pool.py keeps the workers, worker.py is one: it loads
everything once and gives each submission a process (child.py, limits.py, session.py) that it watches (watching.py) and
ends with all that it started (descendants.py). remote.py believes nothing that comes out of it. This is no sandbox.
"""
