"""Pickles of arrays, such as MMSA writes, read without running anything that they say.

A pickle is a program for a stack machine. Here it may build lists, tuples, dictionaries, text and
numbers, and arrays of numpy by stand-ins of ours, which check what they are given; nothing of numpy
is called by it, no class is looked up, and whatever else it wants is refused by name.
"""

import math
import pickle
import pickletools
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from modeling.learner.features.feature_error import FeatureError

MOST_OPERATIONS = 20_000_000
NUMBERS = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"}
MOST_CHARACTERS = 10_000  # of a text in an array
REFUSED_OPERATIONS = {
    "PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX",
    "NEXT_BUFFER", "READONLY_BUFFER",
}  # fmt: skip
_UNDER_WAY = object()
ADVICE = "Nothing of it was run. Save the arrays as .npz or Parquet instead."


class _Type:
    """A type of the elements of an array: `dtype` of numpy once its state is set."""

    __slots__ = ("code", "order")

    def __init__(self, code: str) -> None:
        self.code, self.order = code, "<"

    def __setstate__(self, state: Any) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else None
        if order not in ("<", ">", "|", "="):
            raise FeatureError("the type of an array is damaged")
        self.order = "" if order in ("|", "=") else order

    @property
    def is_object(self) -> bool:
        return self.code in ("O", "O8")

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(f"{self.order}{self.code}")


class _Array:
    """An array that its state fills."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: Any = None

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise FeatureError("an array is damaged")
        _, shape, kind, columns_first, content = state
        self.value = _filled(content, kind, shape, "F" if columns_first is True else "C")


def _filled(content: Any, kind: Any, shape: Any, order: str) -> Any:
    """An array of numbers or text, or for an array of objects the list of them."""
    whole = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
    if not isinstance(kind, _Type) or not whole or len(shape) > 8:
        raise FeatureError("an array is damaged")
    count = math.prod(shape)
    if kind.is_object:
        if not isinstance(content, list) or len(content) != count:
            raise FeatureError("an array of objects is damaged")
        return list(content)
    if not isinstance(content, bytes | bytearray) or len(content) != count * kind.dtype.itemsize:
        raise FeatureError("an array is not as long as it says")
    flat: NDArray[Any] = np.frombuffer(bytes(content), kind.dtype)
    return flat.reshape(shape, order="F" if order == "F" else "C")


class _Admitted:
    """Something of numpy that a pickle may name. Without attributes that it could set."""

    __slots__ = ()

    def __call__(self, *given: Any) -> Any:
        raise FeatureError("a type of array is used in a way that pickles of arrays never do")


class _ArrayClass(_Admitted):
    __slots__ = ()


class _Reconstruct(_Admitted):
    __slots__ = ()

    def __call__(self, *given: Any) -> Any:
        if len(given) != 3 or not isinstance(given[0], _ArrayClass) or given[1] != (0,):
            raise FeatureError("an array is damaged")
        return _Array()


class _TypeClass(_Admitted):
    __slots__ = ()

    def __call__(self, *given: Any) -> Any:
        first = given[0] if given else None
        code = first.decode("ascii", "replace") if isinstance(first, bytes) else first
        if isinstance(code, str):
            text = code[:1] in ("U", "S") and code[1:].isdecimal() and len(code) < 7
            if code in NUMBERS | {"O", "O8"} or (text and int(code[1:]) <= MOST_CHARACTERS):
                return _Type(code)
        raise FeatureError(f"an array holds elements of the type {code!r:.40}")


class _FromBuffer(_Admitted):
    __slots__ = ()

    def __call__(self, *given: Any) -> Any:
        if len(given) not in (4, 5):
            raise FeatureError("an array is damaged")
        content, kind, shape, order = given[:4]
        array = _Array()
        array.value = _filled(content, kind, shape, order)
        return array


class _Scalar(_Admitted):
    __slots__ = ()

    def __call__(self, *given: Any) -> Any:
        if len(given) != 2:
            raise FeatureError("a number is damaged")
        value = _filled(given[1], given[0], (1,), "C")
        return value[0].item() if isinstance(value, np.ndarray) else value[0]


class _Encode(_Admitted):
    """Bytes as old protocols write them: text in Latin-1."""

    __slots__ = ()

    def __call__(self, *given: Any) -> Any:
        if (
            len(given) != 2
            or not isinstance(given[0], str)
            or given[1] not in ("latin1", "latin-1")
        ):
            raise FeatureError("bytes are damaged")
        return given[0].encode("latin-1")


class _Reader(pickle.Unpickler):
    """Looks up stand-ins alone."""

    ADMITTED: ClassVar[dict[tuple[str, str], _Admitted]] = {
        ("numpy", "ndarray"): _ArrayClass(),
        ("numpy", "dtype"): _TypeClass(),
        ("_codecs", "encode"): _Encode(),
        **{
            (f"numpy.{core}.multiarray", name): admitted
            for core in ("core", "_core")
            for name, admitted in (("_reconstruct", _Reconstruct()), ("scalar", _Scalar()))
        },
        **{(f"numpy.{core}.numeric", "_frombuffer"): _FromBuffer() for core in ("core", "_core")},
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self.ADMITTED[module, name]
        except KeyError:
            raise FeatureError(
                f"it wants {module}.{name}"[:200] + ", which is no part of an array of numbers"
            ) from None

    def persistent_load(self, pid: Any) -> Any:
        raise FeatureError("it refers to objects outside the file")


def load_arrays(path: Path) -> Any:
    """What a pickle holds: dictionaries, lists, tuples, text, numbers, arrays; an array of objects
    as a list. Raises FeatureError naming the file and what else it wants.
    """
    try:
        with path.open("rb") as stream:
            _check_operations(stream, path.stat().st_size)
        with path.open("rb") as stream:
            held = _Reader(stream, encoding="latin1").load()
        return _plain(held, {})
    except FeatureError as error:
        raise FeatureError(f"{path.name} is not read as a pickle: {error}. {ADVICE}") from error
    except RecursionError as error:
        raise FeatureError(f"{path.name} is not read: it is nested too deeply. {ADVICE}") from error
    except Exception as error:  # a damaged pickle fails in any way
        why = f"{type(error).__name__}: {error}"[:200]
        raise FeatureError(
            f"{path.name} is no pickle that can be read ({why}). {ADVICE}"
        ) from error


def _check_operations(stream: IO[bytes], size: int) -> None:
    """Raises FeatureError for operations that arrays do not need, before any is carried out, and
    for a memo that would take more memory than the file.
    """
    for count, (operation, argument, _) in enumerate(pickletools.genops(stream), 1):
        if operation.name in REFUSED_OPERATIONS:
            raise FeatureError(f"it has the operation {operation.name}, which arrays do not need")
        sized = operation.name == "FRAME" or operation.name.endswith("PUT")
        if sized and isinstance(argument, int) and argument > size:
            raise FeatureError("a part of it claims to be larger than the file")
        if count > MOST_OPERATIONS:
            raise FeatureError(f"it has more than {MOST_OPERATIONS:,} operations")


def _plain(value: Any, done: dict[int, Any]) -> Any:
    """The value with arrays in place of stand-ins, each list once however often it is referred to.
    Raises FeatureError for one that holds itself.
    """
    if isinstance(value, _Array):
        if value.value is None:
            raise FeatureError("an array has no content")
        return _plain(value.value, done)
    if isinstance(value, _Type | _Admitted):
        raise FeatureError("it holds a type instead of an array")
    if not isinstance(value, dict | list | tuple):
        return value
    if id(value) in done:
        if done[id(value)] is _UNDER_WAY:
            raise FeatureError("a list in it holds itself")
        return done[id(value)]
    done[id(value)] = _UNDER_WAY
    plain: Any
    if isinstance(value, dict):
        plain = {key: _plain(each, done) for key, each in value.items()}
    else:
        plain = [_plain(each, done) for each in value]
    done[id(value)] = plain
    return plain
