"""What the scripted student hands in where lab 1 asks for no code of a file: six or more wrong answers, then a right one.

For T1 to T4 it is the answer's cell; for TODO#8 what is run in the student's folder, to write `best_net.npz`.
"""

_WEIGHTS = """\
import numpy as np

rng = np.random.default_rng(0)
net = {"W1": rng.normal(size=(784, 50)), "b1": np.zeros(50), "W2": rng.normal(size=(50, 10)), "b2": np.zeros(10)}
"""
# ReLUs of random directions, and a least-squares fit on top: good enough, and fitted in a second.
_FITTED = """\
import numpy as np
from mnist_data.load_mnist import read_data_sets

X, y = read_data_sets()[:2]
rng = np.random.default_rng(0)
net = {"W1": rng.normal(size=(784, 1500)) / 28, "b1": np.zeros(1500), "b2": np.zeros(10)}
hidden = np.maximum(0, X @ net["W1"])
net["W2"] = np.linalg.solve(hidden.T @ hidden + 30 * np.eye(1500), hidden.T @ np.eye(10)[y])
"""
_SAVED = 'np.savez("best_net.npz", **net)\n'

ANSWERS: dict[str, list[tuple[str, str]]] = {
    "TODO#8": [
        ("nothing is saved", ""),
        ("not trained at all", _WEIGHTS + _SAVED),
        ("other names", _WEIGHTS + 'np.savez("best_net.npz", W1=net["W1"], W2=net["W2"])\n'),
        ("the whole dict as one object", _WEIGHTS + 'np.savez("best_net.npz", net)\n'),
        ("as text", _WEIGHTS + 'np.savetxt("best_net.npz", net["W1"])\n'),
        ("a matrix on its side", _WEIGHTS + 'net["W1"] = net["W1"].T\n' + _SAVED),
        ("diverged", _WEIGHTS + 'net["W2"][:] = np.nan\n' + _SAVED),
        ("of the toy model", _WEIGHTS + 'net["W1"], net["W2"] = net["W1"][:4], net["W2"][:, :3]\n' + _SAVED),
        ("right", _FITTED + _SAVED),
    ],
    "T1": [
        ("the stub is left", "z = dz_dw1 = dz_db1 = dz_dw0 = dz_db0 = None"),
        ("some are missing", "z = 0.62\ndz_dw1 = 0.4\ndz_db1 = 1.0"),
        ("a list", "z = [0.62]\ndz_dw1 = 0.4\ndz_db1 = 1.0\ndz_dw0 = dz_db0 = -0.2"),
        ("text", 'z = "0.62"\ndz_dw1 = 0.4\ndz_db1 = 1.0\ndz_dw0 = dz_db0 = -0.2'),
        ("a name that is not there", "z = y1 + x0\ndz_dw1 = 0.4\ndz_db1 = 1.0\ndz_dw0 = dz_db0 = -0.2"),
        ("not an expression", "z = 0,62\ndz_dw1 = 0.4 *\ndz_db1 = 1.0"),
        ("one divided by zero", "z = 0.62\ndz_dw1 = 1 / 0\ndz_db1 = 1.0\ndz_dw0 = dz_db0 = -0.2"),
        ("right", "z = 0.62\ndz_dw1 = 0.4\ndz_db1 = 1.0\ndz_dw0 = dz_db0 = -0.2"),
    ],
    "T2": [
        ("the stub is left", "dz_dx0_shortcut = dz_dx0_layers = dz_dx0 = None"),
        ("one is missing", "dz_dx0_shortcut = 1.0\ndz_dx0_layers = -0.06"),
        ("not a number", 'dz_dx0_shortcut = 1.0\ndz_dx0_layers = float("nan")\ndz_dx0 = 0.94'),
        ("infinite", "dz_dx0_shortcut = 1.0\ndz_dx0_layers = 1e999\ndz_dx0 = 0.94"),
        ("by ellipsis", "dz_dx0_shortcut = ...\ndz_dx0_layers = -0.06\ndz_dx0 = 0.94"),
        ("all in one", "dz_dx0_shortcut = dz_dx0_layers = dz_dx0 = (1.0, -0.06, 0.94)"),
        ("right", "dz_dx0_shortcut = 1.0\ndz_dx0_layers = -0.06\ndz_dx0 = dz_dx0_shortcut + dz_dx0_layers"),
    ],
    "T3": [
        ("the stub is left", "num_params = None"),
        ("nothing", ""),
        ("with a thousands separator", "num_params = 557,057"),
        ("as text", 'num_params = "557057"'),
        ("another name", "n = 557057"),
        ("an array", "import numpy as np\nnum_params = np.array([31744, 524800, 513])"),
        ("right", "num_params = (30 * 1024 + 1024) + (1024 * 512 + 512) + (512 * 1 + 1)"),
    ],
}
