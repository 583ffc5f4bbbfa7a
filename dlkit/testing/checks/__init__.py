"""The checks: plain functions that raise `CheckFailed`, one file a question.

`plugin` holds those of a plugin as a whole; the other files those of one model.
"""
