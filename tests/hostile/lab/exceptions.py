"""Raises what is hard to describe: endless messages, names and lines that are none, an end of the process in between."""


class Endless(Exception):
    def __str__(self):
        return "\x1b[31m[/red]<b>" + "A" * 10_000_000


class Silent(ValueError):
    def __str__(self):
        raise RuntimeError


class Odd(SyntaxError):
    lineno = property(lambda self: {})
    text = property(lambda self: 5)
    msg = property(lambda self: ["no text"])


class Ending(Exception):
    def __str__(self):
        raise SystemExit(0)


Endless.__name__ = "\x1b]8;;http://x\x07[/]<img src=x>" + "B" * 5000


class TwoLayerNet:
    def __init__(self, *_, **__):
        self.params = {}
        raise (Endless, Silent, Odd, Ending)[TwoLayerNet.built % 4]

    built = 0

    def __new__(cls, *_, **__):
        cls.built += 1
        return super().__new__(cls)
