"""Leaves that are drawn, not photographed: a dataset that needs no download.

`species` holds what tells the kinds apart, `outline` makes one leaf, `picture` a picture of a few,
`dataset` the whole.
"""
