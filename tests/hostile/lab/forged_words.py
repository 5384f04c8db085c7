"""Answers with words where numbers should be: terminal commands, HTML, markup, lines, text from right to left."""

from cattern.checking import wire

EVIL = "\x1b]0;title\x07\x1b[2J\x1b[31m<script>alert(1)</script>[/bold]\n\r\u202e"
NAMES = ("scores", "plain", "regularised", "W1", "b1", "0.sizes", "path_W1", "loss_history", "labels")
pack = wire.pack


def forge(meta, arrays):
    said = [{"probe": EVIL, "words": dict.fromkeys(NAMES, EVIL), "failure": None} for _ in meta["answers"]]
    return pack({"answers": said}, {})


wire.pack = forge


class TwoLayerNet:
    pass
