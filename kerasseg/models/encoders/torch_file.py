"""Weights out of a file that PyTorch wrote, without PyTorch, and without running what is in it."""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from kerasseg.errors import UserError

# Such files begin with three pickles: this number, the protocol and facts about the machine.
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_TYPES = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ByteStorage": np.dtype("u1"),
}


def read_torch_weights(path: Path) -> dict[str, np.ndarray]:
    """{name: array} of a state dict that `torch.save` wrote, in the format before or since 1.6.

    The pickle inside may name tensors and dicts alone; anything else, such as a function to call,
    is refused. Raises UserError naming `path` for a file that is missing, damaged or something
    else.
    """
    try:
        with path.open("rb") as file:
            state = _read_zip(file) if zipfile.is_zipfile(path) else _read_stream(file)
        arrays = {str(name): value.array() for name, value in state.items()}
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except Exception as error:  # a damaged pickle may raise anything
        reason = (str(error).splitlines() or [""])[0][:200] or type(error).__name__
        raise UserError(f"{path}: no PyTorch file of weights alone ({reason})") from None
    return arrays


class _Tensor:
    """A view of a storage, whose bytes may come later in the file."""

    def __init__(self, storage: "_Storage", offset: int, shape: tuple, strides: tuple, *_: object):
        self._storage, self._offset = storage, offset
        self._shape, self._strides = tuple(map(int, shape)), tuple(map(int, strides))

    def array(self) -> np.ndarray:
        values = self._storage.values
        if values is None:
            raise ValueError("numbers are missing")
        pairs = list(zip(self._shape, self._strides, strict=True))
        last = self._offset + sum((size - 1) * step for size, step in pairs)
        if min((*self._shape, *self._strides, self._offset), default=0) < 0:
            raise ValueError("a tensor of negative size")
        if 0 not in self._shape and last >= len(values):
            raise ValueError("a tensor reaches beyond its numbers")
        strides = [step * values.itemsize for step in self._strides]
        view = np.lib.stride_tricks.as_strided(values[self._offset :], self._shape, strides)
        return np.array(view)


class _Storage:
    def __init__(self, kind: str, key: str, count: int):
        self.dtype, self.key, self.count = _TYPES[kind], key, count
        self.values: np.ndarray | None = None


class _Weights(pickle.Unpickler):
    """An unpickler that knows tensors and ordered dicts; it looks up no other name."""

    def __init__(self, file: IO[bytes], fill: Callable[[_Storage], None] | None = None):
        super().__init__(file)
        self._fill = fill
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if module == "torch" and name in _TYPES:
            return name
        raise ValueError(f"{module}.{name} is not allowed in it")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, storage_type, key, _, count, *view = pid
        if kind != "storage" or any(view):
            raise ValueError("views of storages are not read")
        if key not in self.storages:
            self.storages[key] = _Storage(storage_type, key, count)
            if self._fill:
                self._fill(self.storages[key])
        return self.storages[key]


def _read_zip(file: IO[bytes]) -> dict:
    with zipfile.ZipFile(file) as archive:
        pickled = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        root = pickled.removesuffix("data.pkl")

        def fill(storage: _Storage) -> None:
            storage.values = np.frombuffer(archive.read(f"{root}data/{storage.key}"), storage.dtype)

        with archive.open(pickled) as content:
            return _Weights(content, fill).load()


def _read_stream(file: IO[bytes]) -> dict:
    header = [_Weights(file).load() for _ in range(3)]
    if header[:2] != [_MAGIC, _PROTOCOL]:
        raise ValueError("it does not begin like one")
    reader = _Weights(file)
    state = reader.load()
    for key in _Weights(file).load():
        storage = reader.storages[key]
        count = int.from_bytes(file.read(8), "little")
        if count != storage.count:
            raise ValueError("a number of values that contradicts the pickle")
        content = file.read(count * storage.dtype.itemsize)
        storage.values = np.frombuffer(content, storage.dtype)
    return state
