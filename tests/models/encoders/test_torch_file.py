"""PyTorch's files, written here byte by byte as torch.save writes them."""

import io
import pickle
import zipfile
from collections import OrderedDict
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as npst

from kerasseg.errors import UserError
from kerasseg.models.encoders.torch_file import read_torch_weights


class _Global:
    """Something that a pickle looks up by module and name."""

    def __init__(self, module: str, name: str):
        self.module, self.name = module, name


class _Call:
    """Something that a pickle makes by calling a global."""

    def __init__(self, module: str, name: str, *arguments):
        self.function, self.arguments = _Global(module, name), arguments


class _Storage:
    def __init__(self, kind: str, key: str, count: int):
        self.pid = ("storage", _Global("torch", kind), key, "cpu", count)


KINDS = {"f4": "FloatStorage", "f8": "DoubleStorage", "i8": "LongStorage"}


class _Pickler(pickle._Pickler):
    """Writes the three above as torch.save does: the pure-Python pickler can be taught to."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def persistent_id(self, obj):
        return obj.pid if isinstance(obj, _Storage) else None

    def save_global_of(self, obj):
        self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())

    def save_call(self, obj):
        self.save(obj.function)
        self.save(obj.arguments)
        self.write(pickle.REDUCE)

    dispatch[_Global], dispatch[_Call] = save_global_of, save_call


def pickled(value, *, protocol=2) -> bytes:
    file = io.BytesIO()
    _Pickler(file, protocol=protocol).dump(value)
    return file.getvalue()


def state_of(arrays):
    """A state dict of `arrays` and the bytes of its storages, each array in one of its own."""
    state, storages = OrderedDict(), []
    for key, (name, array) in enumerate(arrays.items()):
        kind = KINDS[array.dtype.str[1:]]
        strides = tuple(step // array.itemsize for step in array.strides)
        storage = _Storage(kind, str(key), array.size)
        rebuilt = (storage, 0, array.shape, strides, False, OrderedDict())
        state[name] = _Call("torch._utils", "_rebuild_tensor_v2", *rebuilt)
        storages.append(array.tobytes(order="A"))
    return state, storages


def write_old(path, arrays):
    """As before PyTorch 1.6."""
    state, storages = state_of(arrays)
    heads = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    content = b"".join(map(pickled, heads)) + pickled(state)
    content += pickled([str(key) for key in range(len(storages))])
    for array, data in zip(arrays.values(), storages, strict=True):
        content += array.size.to_bytes(8, "little") + data
    path.write_bytes(content)


def write_new(path, arrays, *, state=None):
    made, storages = state_of(arrays)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", pickled(made if state is None else state))
        for key, data in enumerate(storages):
            archive.writestr(f"net/data/{key}", data)


ARRAYS = {
    "a.weight": np.arange(24, dtype="<f4").reshape(2, 3, 4),
    "a.turned": np.asfortranarray(np.arange(6, dtype="<f8").reshape(2, 3)),
    "a.count": np.array(7, "<i8"),
}


@pytest.mark.parametrize("write", [write_old, write_new])
def test_it_reads_what_was_written(write, tmp_path):
    write(tmp_path / "a.pth", ARRAYS)
    found = read_torch_weights(tmp_path / "a.pth")
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


@given(array=npst.arrays("<f4", npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
def test_any_shape(array, tmp_path_factory):
    path = tmp_path_factory.mktemp("torch") / "a.pth"
    write_old(path, {"x": array})
    np.testing.assert_array_equal(read_torch_weights(path)["x"], array)


@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "system"), ("builtins", "eval"), ("torch", "load"), ("numpy", "array")],
)
def test_it_calls_nothing_but_what_makes_tensors(module, name, tmp_path):
    ran = tmp_path / "ran"
    write_new(tmp_path / "a.pth", {}, state={"x": _Call(module, name, f"touch {ran}")})
    with pytest.raises(UserError, match=rf"a\.pth: .*{module}\.{name} is not allowed"):
        read_torch_weights(tmp_path / "a.pth")
    assert not ran.exists()


@pytest.mark.parametrize("write", [write_old, write_new])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95])
def test_a_file_that_ends_early_is_named_in_one_line(write, share, tmp_path):
    write(tmp_path / "a.pth", ARRAYS)
    content = (tmp_path / "a.pth").read_bytes()
    (tmp_path / "a.pth").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UserError, match=r"a\.pth: no PyTorch file") as caught:
        read_torch_weights(tmp_path / "a.pth")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"a\.pth: cannot be read"):
        read_torch_weights(tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(0, (3,), (1,)), (1, (2,), (1,)), (0, (2,), (-1,)), (-1, (1,), (1,)), (0, (-1,), (1,))],
)
def test_a_tensor_beyond_its_numbers_is_refused(offset, shape, strides, tmp_path):
    storage = _Storage("FloatStorage", "0", 2)
    rebuilt = (storage, offset, shape, strides, False, OrderedDict())
    state = {"x": _Call("torch._utils", "_rebuild_tensor_v2", *rebuilt)}
    write_new(tmp_path / "a.pth", {"x": np.zeros(2, "<f4")}, state=state)
    with pytest.raises(UserError, match=r"a\.pth: .*(beyond|negative)"):
        read_torch_weights(tmp_path / "a.pth")
