"""Modules and parameters by task, whatever the task is called.

PyTorch keeps what a container holds as attributes of it, and refuses a key such as `type`,
`values`, `train` or `a.b`, which is one already or cannot be one. Such a key gets another name
inside; any other stays as it is, so that weights are called by their task.
"""

import re
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Generic, TypeVar

from torch import Tensor, nn

Part = TypeVar("Part", bound=nn.Module)
PREFIX = "key-"  # what a name begins with that is no key as it is
SIMPLE = re.compile(r"[A-Za-z0-9_-]+")
TAKEN = frozenset({"_names", *dir(nn.ModuleDict()), *dir(nn.ParameterDict())})


def name_of(key: str) -> str:
    """The name of a key inside a container; two keys never have the same."""
    if SIMPLE.fullmatch(key) and key not in TAKEN and not key.startswith(PREFIX):
        return key
    return PREFIX + key.encode("utf-8", "surrogatepass").hex()


class ByTask(nn.Module, Generic[Part]):
    """Modules by task, in their order."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        super().__init__()
        self._names = {key: name_of(key) for key in parts}
        for key, part in parts.items():
            self.add_module(self._names[key], part)

    def __getitem__(self, key: str) -> Part:
        return self._modules[self._names[key]]  # type: ignore[return-value]

    def __contains__(self, key: str) -> bool:
        return key in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _by_key(self) -> dict[str, Part]:
        return {key: self[key] for key in self._names}

    def keys(self) -> KeysView[str]:
        return self._by_key().keys()

    def values(self) -> ValuesView[Part]:
        return self._by_key().values()

    def items(self) -> ItemsView[str, Part]:
        return self._by_key().items()


class ParametersByTask(nn.Module):
    """Parameters by task."""

    def __init__(self, parts: Mapping[str, nn.Parameter]) -> None:
        super().__init__()
        self._names = {key: name_of(key) for key in parts}
        for key, part in parts.items():
            self.register_parameter(self._names[key], part)

    def __getitem__(self, key: str) -> nn.Parameter:
        return self._parameters[self._names[key]]  # type: ignore[return-value]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)


class BuffersByTask(nn.Module):
    """Tensors by task that are saved and not learned."""

    def __init__(self, parts: Mapping[str, Tensor]) -> None:
        super().__init__()
        self._names = {key: name_of(key) for key in parts}
        for key, part in parts.items():
            self.register_buffer(self._names[key], part)

    def __getitem__(self, key: str) -> Tensor:
        return self._buffers[self._names[key]]  # type: ignore[return-value]
