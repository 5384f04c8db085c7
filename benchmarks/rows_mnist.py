"""From MNIST's files to arrays, where the four files are (CATTERN_MNIST_DIR)."""

import os
from pathlib import Path

from measure import Row, python

# What torchvision's parser does, without the rest of torchvision, which not every PyTorch can import.
PEER = """
import gzip, sys
from pathlib import Path
import numpy as np
for stem in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
    data = gzip.decompress((Path(sys.argv[1]) / f"{stem}-ubyte.gz").read_bytes())
    dims = data[3]
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(dims)]
    np.frombuffer(data, np.uint8, offset=4 + 4 * dims).reshape(shape).copy()
"""


def rows(work: Path) -> list[Row]:
    folder = os.environ.get("CATTERN_MNIST_DIR", "")
    if not folder:
        return []
    ours = python("from mnist_data.load_mnist import read_images; read_images()")
    floats = python("from mnist_data.load_mnist import read_data_sets; read_data_sets()")
    peer = python(PEER, folder)
    return [
        Row("MNIST files to uint8 arrays", ours, peer, "gzip and `np.frombuffer`, nothing checked"),
        Row(
            "MNIST files to float64 sets, mean subtracted",
            floats,
            peer,
            "gzip and `np.frombuffer`, nothing checked",
        ),
    ]
