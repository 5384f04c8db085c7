"""Cattern: neural networks from scratch, in notebooks that grade themselves."""

from cattern.checking.check import check

__all__ = ["check"]
