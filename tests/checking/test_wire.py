"""The wire: what goes in comes out, and nothing else ever does."""

import io
import json
import pickle
import struct
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cattern.checking import wire

DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
)
ARRAYS = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
NAMES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
).filter(lambda value: "\\ud" not in json.dumps(value))


def npz(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def zipped(files: dict[str, bytes], method=zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", method) as archive:
        warnings.simplefilter("ignore")
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def npy(header: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    text = header.encode("latin-1") + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + data


def plain(descr: str, shape: str, order: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


@given(JSON, st.dictionaries(NAMES, ARRAYS, max_size=5))
def test_round_trip(meta, arrays):
    told, found = wire.unpack(wire.pack(meta, arrays))
    assert json.dumps(told) == json.dumps(meta)
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].shape == array.shape
        assert found[name].dtype == array.dtype.newbyteorder("=")
        assert found[name].flags.c_contiguous
        assert found[name].flags.writeable


@given(st.dictionaries(st.text("abc", min_size=1), ARRAYS, max_size=4))
def test_it_is_the_npz_that_numpy_writes_and_reads(arrays):
    with np.load(io.BytesIO(wire.write_npz(arrays)), allow_pickle=False) as loaded:
        assert loaded.files == list(arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(loaded[name], array)
    for save in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        save(file, **arrays)
        found = wire.read_npz(file.getvalue())
        for name, array in arrays.items():
            np.testing.assert_array_equal(found[name], array)


def test_views_and_fortran_order_arrive_as_they_look():
    base = np.arange(24.0).reshape(4, 6)
    views = {"transposed": base.T, "strided": base[::2, ::-1], "broadcast": np.broadcast_to(1.0, (3, 3))}
    for found in (wire.unpack(wire.pack(None, views))[1], wire.read_npz(npz(**views))):
        for name, view in views.items():
            np.testing.assert_array_equal(found[name], view)


def test_the_same_content_is_the_same_bytes():
    arrays = {"a": np.ones(3), "b": np.zeros((2, 2), np.int8)}
    assert wire.pack({"x": 1}, arrays) == wire.pack({"x": 1}, arrays)


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(NAMES, ARRAYS, min_size=1, max_size=3),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 255), st.sampled_from(("set", "cut", "insert", "drop"))),
        max_size=6,
    ),
)
def test_a_mutated_blob_is_read_or_refused(arrays, mutations):
    blob = bytearray(wire.pack({"key": ["value", 1.5]}, arrays))
    for where, byte, how in mutations:
        at = min(int(where * len(blob)), max(len(blob) - 1, 0))
        if how == "set" and blob:
            blob[at] = byte
        elif how == "cut":
            del blob[at:]
        elif how == "insert":
            blob[at:at] = bytes([byte]) * 3
        else:
            del blob[at : at + 1 + byte % 8]
    try:
        _, found = wire.unpack(bytes(blob))
    except wire.WireError as error:
        assert str(error)
    else:
        assert all(array.dtype.kind in "biuf" for array in found.values())


@given(st.binary(max_size=300))
def test_noise_is_refused(noise):
    for read in (wire.unpack, wire.read_npz, lambda data: wire.unpack(wire.MAGIC + data)):
        with pytest.raises(wire.WireError):
            read(noise)


HEADERS = {
    "object": npy(plain("'|O'", "(1,)"), bytes(8)),
    "pickle": npy(plain("'|O'", "(1,)"), pickle.dumps([print])),
    "structured": npy(plain("[('a', '<f8')]", "(1,)"), bytes(8)),
    "text": npy(plain("'<U4'", "(1,)"), b"\xff" * 16),
    "complex": npy(plain("'<c16'", "(1,)"), bytes(16)),
    "time": npy(plain("'<M8[s]'", "(1,)"), bytes(8)),
    "bytes": npy(plain("'|S8'", "(1,)"), bytes(8)),
    "long double": npy(plain("'<f16'", "(1,)"), bytes(16)),
    "more than there is": npy(plain("'<f8'", "(1000,)"), bytes(8)),
    "less than there is": npy(plain("'<f8'", "(1,)"), bytes(800)),
    "huge": npy(plain("'<f8'", "(99999999999, 99999999999)"), bytes(8)),
    "huge and empty": npy(plain("'<f8'", "(999999999, 0)")),
    "overflowing": npy(plain("'<f8'", "(4294967296, 4294967296, 0)")),
    "negative": npy(plain("'<f8'", "(-1,)"), bytes(8)),
    "code": npy(plain("'<f8'", "(__import__('os').getpid(),)"), bytes(8)),
    "nested": npy(plain("'<f8'", "(" * 5000 + ")" * 5000), bytes(8)),
    "digits": npy(plain("'<f8'", f"({'1' * 6000},)"), bytes(8)),
    "digits and spaces": npy(plain("'<f8'", f"({'1' * 30000}x,)"), bytes(8)),
    "many axes": npy(plain("'<f8'", f"({'1, ' * 40})"), bytes(8)),
    "another version": npy(plain("'<f8'", "(1,)"), bytes(8), b"\x02\x00"),
    "no header": b"\x93NUMPY\x01\x00",
    "empty file": b"",
    "a plain pickle": pickle.dumps(np.ones(3)),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_lies_is_refused(name):
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with pytest.raises(wire.WireError):
            wire.read_npz(zipped({"x.npy": HEADERS[name]}, method))


def test_a_good_header_is_read():
    """The control of the lies: the same way of writing, and nothing wrong."""
    data = zipped({"x.npy": npy(plain("'<f8'", "(1, 2)"), np.array([1.0, 2.0]).tobytes())})
    np.testing.assert_array_equal(wire.read_npz(data)["x"], [[1.0, 2.0]])


def test_a_bool_is_zero_or_one():
    data = zipped({"x.npy": npy(plain("'|b1'", "(3,)"), b"\x00\x01\x07")})
    assert wire.read_npz(data)["x"].view(np.uint8).tolist() == [0, 1, 1]


def peak(call) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_zip_bomb_allocates_nothing(monkeypatch):
    monkeypatch.setattr(wire, "MAX_BYTES", 2**20)
    bomb = zipped({"x.npy": npy(plain("'<f8'", f"({2**20},)"), bytes(2**23))}, zipfile.ZIP_DEFLATED)
    many = zipped(
        {f"{i}.npy": npy(plain("'<f8'", f"({2**14},)"), bytes(2**17)) for i in range(20)},
        zipfile.ZIP_DEFLATED,
    )
    # It says that it unpacks to 100 bytes.
    lying = bytearray(bomb)
    at = lying.rindex(b"PK\x01\x02")
    lying[at + 24 : at + 28] = struct.pack("<I", 100)

    def refuse():
        for data in (bomb, many, bytes(lying)):
            with pytest.raises(wire.WireError):
                wire.read_npz(data)

    assert peak(refuse) < 2**19


def test_two_members_with_one_body_are_refused():
    """Overlapping members are how a small zip becomes a large one."""
    data = zipped({"a.npy": npy(plain("'<f8'", f"({2**14},)"), bytes(2**17))})
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry = data[start:end]
    entries = b"".join(entry.replace(b"a.npy", bytes([97 + i]) + b".npy") for i in range(20))
    tail = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 20, 20, len(entries), start, 0)
    with pytest.raises(wire.WireError, match="share their data"):
        wire.read_npz(data[:start] + entries + tail)


def test_names_are_unique_and_printable():
    member = npy(plain("'<f8'", "(1,)"), bytes(8))
    for names in (("x.npy", "x.npy"), ("x.npy", "x"), ("\n.npy",), (".npy",), ("n" * 200,)):
        file = io.BytesIO()
        with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
            warnings.simplefilter("ignore")
            for name in names:
                archive.writestr(name, member)
        with pytest.raises(wire.WireError):
            wire.read_npz(file.getvalue())
    for name in ("", "a\nb", "n" * 200, "\ud800", 3):
        with pytest.raises(wire.WireError):
            wire.write_npz({name: np.ones(1)})


def test_a_cap_on_the_number_of_arrays():
    many = {str(i): np.zeros(0) for i in range(wire.MAX_ENTRIES + 1)}
    with pytest.raises(wire.WireError, match="4097"):
        wire.write_npz(many)
    with pytest.raises(wire.WireError, match="more than 4096"):
        wire.read_npz(npz(**many))


@pytest.mark.parametrize(
    "array",
    [
        np.array([object()]),
        np.array(["text"]),
        np.ones(1, complex),
        np.zeros(1, [("a", float)]),
        None,
        "x",
        [[1], [1, 2]],
    ],
    ids=lambda array: type(array).__name__ + str(getattr(array, "dtype", "")),
)
def test_only_numbers_are_written(array):
    with pytest.raises(wire.WireError):
        wire.pack({}, {"x": array})


@pytest.mark.parametrize(
    "text",
    [
        b"{", b"", b"NaN", b"[Infinity]", b"1e999", b"[" * 100_000, b'"\xff"', b'"\\ud800"', b'"\\\\\\udfff"',
        b"1" * 10_000, b"{} {}", b"\xef\xbb\xbf{}",
    ],
    ids=lambda text: repr(text[:12]),
)  # fmt: skip
def test_json_that_is_not(text):
    with pytest.raises(wire.WireError):
        wire.unpack(wire.MAGIC + struct.pack("<I", len(text)) + text + npz())


def test_json_that_looks_wrong_and_is_right():
    for value in ("a literal \\ud800", "\N{GRINNING FACE}", {"": [None]}):
        assert wire.unpack(wire.pack(value, {}))[0] == value
    assert wire.unpack(wire.pack("half \ud800 a character", {}))[0] == "half ? a character"
    for value in (float("nan"), {"x": float("inf")}, {1, 2}, np.ones(1)):
        with pytest.raises(wire.WireError):
            wire.pack(value, {})


def test_caps_on_length(monkeypatch):
    monkeypatch.setattr(wire, "MAX_BYTES", 1000)
    monkeypatch.setattr(wire, "MAX_JSON", 100)
    for meta, arrays in (("x" * 101, {}), ("", {"x": np.zeros(200)})):
        with pytest.raises(wire.WireError, match="more than"):
            wire.pack(meta, arrays)
    with pytest.raises(wire.WireError, match="more than"):
        wire.unpack(bytes(1001))


def test_a_flipped_bit_in_the_numbers_is_noticed():
    blob = bytearray(wire.pack({}, {"x": np.ones(100)}))
    blob[len(blob) // 2] ^= 1
    with pytest.raises(wire.WireError, match="damaged"):
        wire.unpack(bytes(blob))
