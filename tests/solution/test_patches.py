"""The catalogue is sound: every mistake is made in its own place, shows in its own way, and gives no solution away."""

import contextlib
import io
import warnings
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import solution_lines

from autograder.solution import patches as catalogue
from autograder.solution.patches import CatalogueError, Conflict, Patch

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "cattern" / "neural_net.py"
SOLUTION = SOURCE.read_text(encoding="utf-8")
CATALOGUE = catalogue.load("two_layer_net")
TASKS = [f"TODO#{n}" for n in range(1, 8)]
LEAST = dict(zip(TASKS, (40, 60, 80, 25, 30, 20, 30), strict=True))
PARAMS = ("W1", "b1", "W2", "b2")
RATE, DECAY, REG = 0.1, 0.7, 0.25
# N, D, H, C, scale of X, how many of the highest classes are absent
SHAPES = [
    (7, 4, 6, 5, 1, 0),
    (8, 5, 9, 4, 1, 1),
    (4, 3, 5, 4, 1, 0),
    (1, 3, 4, 3, 1, 0),
    (9, 6, 7, 3, 10, 0),
    (6, 4, 4, 4, 1, 0),
]


def test_the_catalogue_is_wide():
    counts = Counter(m.task for m in CATALOGUE)
    assert set(counts) == set(TASKS)
    assert all(counts[task] >= least for task, least in LEAST.items()), counts
    assert len(CATALOGUE) >= 170


def test_no_text_gives_a_line_of_the_solution_away():
    def bare(text):
        return "".join(text.split())

    lines = {bare(line) for line in solution_lines("two_layer_net")}
    for mistake in CATALOGUE:
        for text in (mistake.explanation, *mistake.hint):
            assert not [line for line in lines if line in bare(text)], (mistake.id, text)


@pytest.mark.parametrize("mistake", CATALOGUE, ids=lambda m: m.id)
def test_every_mistake_shows_in_its_own_task(mistake):
    assert not same(behaviour(mistake.task, frozenset([mistake])), behaviour(mistake.task, frozenset()))


@pytest.mark.parametrize("task", TASKS)
def test_no_two_mistakes_of_a_task_behave_alike(task):
    seen = []
    for mistake in (m for m in CATALOGUE if m.task == task):
        shown = behaviour(task, frozenset([mistake]))
        assert not [other for other, before in seen if same(shown, before)], mistake.id
        seen.append((mistake.id, shown))


def test_the_same_source_behaves_the_same_twice():
    for task in TASKS:
        first = behaviour(task, frozenset())
        behaviour.cache_clear()
        assert same(first, behaviour(task, frozenset()))


# --- how a (patched) solution behaves on the matters of one task


@cache
def behaviour(task: str, mistakes: frozenset) -> dict:
    """Return what the solution with these mistakes does, as a dict of arrays and of the words of exceptions."""
    module: dict = {"__name__": "patched"}
    exec(compile(catalogue.apply(SOLUTION, mistakes), "patched.py", "exec"), module)
    watch = {"TODO#4": watch_batches, "TODO#5": watch_steps, "TODO#6": watch_rates}.get(task)
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return watch(module["TwoLayerNet"]) if watch else watch_calls(task, module["TwoLayerNet"])


def watch_calls(task: str, network: type) -> dict:
    shown: dict = {}
    for number, (N, D, H, C, scale, absent) in enumerate(SHAPES):
        rng = np.random.default_rng(number)
        net = network(D, H, C)
        net.params = {"W1": rng.normal(size=(D, H)) / scale, "b1": rng.normal(size=H)}
        net.params |= {"W2": rng.normal(size=(H, C)), "b2": rng.normal(size=C)}
        X, y = rng.normal(size=(N, D)) * scale, rng.integers(C - absent, size=N)
        if task == "TODO#7":
            net.params["b2"] -= 3  # a ReLU on negative scores shows
        try:
            if task == "TODO#1":
                shown[number] = net.loss(X)
            elif task == "TODO#2":
                net.wants_grads = False
                for reg in (0.0, REG):
                    shown[number, reg] = np.asarray(net.loss(X, y, reg=reg)[0])
            elif task == "TODO#3":
                grads = net.loss(X, y, reg=REG)[1]
                shown |= {(number, k): v.copy() for k, v in grads.items()}
                shown |= {(number, k, "again"): v.copy() for k, v in net.loss(X, y, reg=REG)[1].items()}
                net.loss(X[::-1] / 2, y, reg=0.0)
                shown |= {(number, k, "kept"): v for k, v in grads.items()}
            else:
                shown[number] = np.asarray(net.predict(np.concatenate([X, rng.normal(size=(40, D)) * scale])))
        except Exception as error:
            shown[number, "!"] = f"{type(error).__name__}: {error}"
    return shown


def train(network: type, N: int, shown: dict, **options) -> tuple[list, list]:
    """Train with a stand-in for `loss`, and return the minibatches and the parameters before each step and at the end."""
    rng = np.random.default_rng(N)
    X, y = rng.normal(size=(N, 3)), rng.integers(3, size=N)
    given_X, given_y = X.copy(), y.copy()
    batches, params, regs = [], [], []

    class Recorded(network):
        def loss(self, X, y=None, reg=0.0):
            if y is None:
                return np.zeros((len(X), 5))
            batches.append((np.array(X), np.array(y)))
            params.append({k: v.copy() for k, v in self.params.items()})
            regs.append(reg)
            top = 2 + len(batches) % 3
            return 1.25, {k: np.linspace(1, top, v.size).reshape(v.shape) for k, v in self.params.items()}

    net = Recorded(3, 4, 5)
    net.params = {"W1": np.ones((3, 4)), "b1": np.ones(4), "W2": np.ones((4, 5)), "b2": np.ones(5)}
    np.random.seed(231)
    try:
        net.train(given_X, given_y, X[:4] + 9, y[:4], learning_rate=RATE, reg=REG, **options)
    except Exception as error:
        shown["!", N, len(batches)] = f"{type(error).__name__}: {error}"
    params.append({k: v.copy() for k, v in net.params.items()})
    shown["untouched", N] = np.array([(given_X == X).all(), (given_y == y).all()])
    shown["reg", N] = np.array(regs)
    return [(X, y), *batches], params


def watch_batches(network: type) -> dict:
    """Tell of the minibatches what does not depend on the random numbers."""
    shown: dict = {}
    small = train(network, 5, shown, batch_size=8, num_iters=30)[0][1:]
    shown["one small shape"] = np.array(len({(a.shape, b.shape) for a, b in small}) == 1)
    shown["small shapes"] = np.unique([len(a) for a, _ in small])
    (X, y), *batches = train(network, 24, shown, batch_size=6, num_iters=80)[0]
    shown["shapes"] = " ".join(sorted({f"{a.shape} {b.shape}" for a, b in batches})[:1])
    shown["one shape"] = np.array(len({(a.shape, b.shape) for a, b in batches}) == 1)
    rows = [
        [i for x in np.atleast_2d(a) for i in np.flatnonzero((x == X).all(1))] if a.shape[-1] == 3 else []
        for a, _ in batches
    ]
    drawn = [i for batch in rows for i in batch]
    shown["range"] = np.array([min(drawn, default=-1), max(drawn, default=-1)])
    shown["from X"] = np.array(len(drawn) == sum(map(len, (a for a, _ in batches))))
    shown["scaled"] = np.array(all(np.abs(a).max() < 1 for a, _ in batches))
    shown["redrawn"] = np.array(any(a != rows[0] for a in rows))
    shown["mixed"] = np.array(any(len(set(a)) > 1 for a in rows))
    shown["in order"] = np.array(all((np.diff(a) % 24 == 1).all() for a in rows))
    shown["next to the one before"] = np.array(
        all(a[:1] == [(b[-1] + 1) % 24] for b, a in pairwise(rows) if a and b)
    )
    shown["one shift"] = np.array(len({(b[0] - a[0]) % 24 for a, b in pairwise(rows) if a and b}) == 1)
    labels = [
        (np.sort(y[r]), np.sort(b, axis=None), y[r], b) for r, (_, b) in zip(rows, batches, strict=True)
    ]
    shown["own labels"] = np.array(all(np.array_equal(own, got) for *_, own, got in labels))
    shown["labels of the batch"] = np.array(
        all(np.array_equal(own, got) for own, got, *_ in labels if got.shape)
    )
    shown["labels of X"] = np.array(all(np.isin(b, y).all() for _, b in batches))
    return shown


def watch_steps(network: type) -> dict:
    shown: dict = {}
    for decay, num_iters, verbose in ((1.0, 9, False), (DECAY, 1, False), (1.0, 2, True)):
        options = {"batch_size": 6, "num_iters": num_iters, "learning_rate_decay": decay, "verbose": verbose}
        path = train(network, 24, shown, **options)[1]
        for name in PARAMS:
            shown[decay, verbose, name] = np.diff([p[name] for p in path], axis=0)
    return shown


def watch_rates(network: type) -> dict:
    shown: dict = {}
    for N, verbose in ((24, True), (6, False)):
        path = train(
            network, N, shown, batch_size=6, num_iters=12, learning_rate_decay=DECAY, verbose=verbose
        )[1]
        shown[N] = np.diff([p["W1"][0, 0] for p in path]) / -RATE
    return shown


def same(a: dict, b: dict) -> bool:
    def equal(x, y):
        if isinstance(x, str) or isinstance(y, str):
            return isinstance(x, str) and isinstance(y, str) and x == y
        return x.shape == y.shape and np.allclose(x, y, rtol=1e-6, atol=1e-9, equal_nan=True)

    return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)


# --- apply


def made(name: str, *patches: tuple[str, str]) -> Patch:
    return Patch(name, "TODO#1", "why", ("a", "b", "c"), patches)


WORDS = [f"<{n}>" for n in range(12)]
ranges = st.tuples(st.integers(0, 11), st.integers(1, 3), st.text("xyz", max_size=2)).filter(
    lambda r: r[0] + r[1] <= 12
)


@given(st.lists(ranges, max_size=5), st.randoms())
def test_apply_puts_all_patches_in_whatever_their_order(spans, rnd):
    mistakes = [
        made(f"m{n}", ("".join(WORDS[at : at + size]), new)) for n, (at, size, new) in enumerate(spans)
    ]
    shuffled = rnd.sample(mistakes, len(mistakes))
    touched = [n for at, size, _ in spans for n in range(at, at + size)]
    if len(touched) > len(set(touched)):
        with pytest.raises(Conflict):
            catalogue.apply("".join(WORDS), shuffled)
        return
    words = [w if n not in touched else "" for n, w in enumerate(WORDS)]
    for at, _, new in spans:
        words[at] = new
    assert catalogue.apply("".join(WORDS), shuffled) == "".join(words)


@given(st.lists(st.sampled_from(CATALOGUE), max_size=4), st.randoms())
def test_the_order_of_the_catalogue_s_mistakes_never_matters(mistakes, rnd):
    def outcome(some):
        try:
            return catalogue.apply(SOLUTION, some)
        except Conflict:
            return "conflict"

    assert outcome(mistakes) == outcome(rnd.sample(mistakes, len(mistakes)))
    if len({m.task for m in mistakes}) == len(mistakes):
        assert outcome(mistakes) != "conflict"


def test_a_mistake_named_twice_is_made_once():
    assert catalogue.apply("a b", [made("m", ("a", "c"))] * 2) == "c b"


@pytest.mark.parametrize("text", ["nothing here", "a and a"])
def test_apply_wants_each_old_text_exactly_once(text):
    with pytest.raises(CatalogueError, match=r"^m: .*exactly once"):
        catalogue.apply(text, [made("m", ("a ", "b "), ("z", ""))])


# --- what load refuses

TINY = """\
before = 1
# TODO#1: set `x`.
### BEGIN SOLUTION
x = 1 + 2
### END SOLUTION
# TODO#2: set `y`.
### BEGIN SOLUTION
y = x + x
### END SOLUTION
"""
GOOD = {
    "id": '"wrong-sum"',
    "task": '"TODO#1"',
    "old": '"1 + 2"',
    "new": '"1 - 2"',
    "explanation": '"Why."',
    "hint": '["a", "b", "c"]',
}


def load(folder: Path, *entries: dict, head: str = 'source = "tiny.py"') -> list[Patch]:
    (folder / "tiny.py").write_text(TINY, encoding="utf-8")
    text = "\n".join("\n".join(["[[mistake]]", *(f"{k} = {v}" for k, v in e.items() if v)]) for e in entries)
    file = folder / "autograder" / "labs" / "tiny" / "mistakes" / "some.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{head}\n{text}\n", encoding="utf-8")
    return catalogue.load("tiny", root=folder)


def test_load_reads_one_patch_or_several(tmp_path):
    several = GOOD | {"id": '"both"', "old": "", "new": "", "patches": '[["x = 1", "x = 3"], ["+ 2", ""]]'}
    one, both = load(tmp_path, GOOD, several)
    assert one == Patch("wrong-sum", "TODO#1", "Why.", ("a", "b", "c"), (("1 + 2", "1 - 2"),))
    assert "x = 3 \n" in catalogue.apply(TINY, [both])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"id": '"Wrong Sum"'}, "words joined by hyphens"),
        ({"task": '"TODO#9"'}, "the tasks are TODO#1, TODO#2"),
        ({"explanation": '" "'}, "write an explanation"),
        ({"hint": '["a", "b"]'}, "a nudge, a method, where to read"),
        ({"hint": '["a", "", "c"]'}, "a nudge, a method, where to read"),
        ({"old": '"nowhere"'}, "exactly once in the source, not 0"),
        ({"old": '"x"'}, "exactly once in the source, not 4"),
        ({"old": '""'}, "not empty"),
        ({"old": ""}, "not empty"),
        ({"new": '"1 +"'}, "not valid Python"),
        ({"new": '"(1) + 2"'}, "the same as before"),
        ({"old": '"y = x + x"', "new": '"y = x"'}, "outside the region of TODO#1"),
        ({"old": '"before = 1"', "new": '"before = 2"'}, "outside the region of TODO#1"),
        ({"why": '"?"'}, "unknown keys"),
        ({"old": "", "new": "", "patches": '[["1 + 2", "0"], ["+ 2", ""]]'}, "change the same text"),
        ({"old": "", "new": "", "patches": "[]"}, "a list of such pairs"),
        ({"old": "", "new": "", "patches": '["12"]'}, "a list of such pairs"),
        ({"hint": '"abc"'}, "a nudge, a method, where to read"),
        ({"id": "7"}, "words joined by hyphens"),
    ],
)
def test_load_refuses_a_bad_mistake_and_names_it(tmp_path, change, says):
    with pytest.raises(CatalogueError, match=says) as raised:
        load(tmp_path, GOOD | change)
    assert "some.toml" in str(raised.value)
    assert (change.get("id") or GOOD["id"]).strip('"') in str(raised.value)


def test_load_refuses_an_id_twice(tmp_path):
    with pytest.raises(CatalogueError, match=r"some.toml.*wrong-sum.*taken"):
        load(tmp_path, GOOD, GOOD)


@pytest.mark.parametrize(
    ("head", "says"), [("source =", "TOML"), ("", "begins with `source`"), ('source = "no.py"', "no.py")]
)
def test_load_refuses_a_bad_file_and_names_it(tmp_path, head, says):
    with pytest.raises(CatalogueError, match=says) as raised:
        load(tmp_path, GOOD, head=head)
    assert "some.toml" in str(raised.value)
