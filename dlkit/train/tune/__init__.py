"""A search over recipes: each trial is a run like any other, in a folder of its own.

`space` reads what may vary, `adviser` asks keras-tuner what to try next, `search` trains it.
"""
