"""Cattern: neural networks from scratch, in notebooks that grade themselves."""

from cattern.checking.check import check, hint, status

__all__ = ["check", "hint", "status"]
