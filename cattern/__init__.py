"""Cattern: neural networks from scratch, in notebooks that grade themselves."""

from cattern.checking.student import check

__all__ = ["check"]
