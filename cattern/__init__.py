"""Cattern: neural networks from scratch, in notebooks that grade themselves."""

from cattern.checking.check import check, hint, status
from cattern.checking.prove import prove

__all__ = ["check", "hint", "prove", "status"]
