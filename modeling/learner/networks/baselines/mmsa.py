"""Parameters of MMSA's networks under our names."""

import re
from collections.abc import Callable, Mapping

from torch import Tensor

LSTMS = ("lstm_l", "lstm_a", "lstm_v")
OTHERS = ("output_range", "output_shift")  # constants that TFN keeps as parameters


def convert_state(name: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """MMSA's state of a network (with or without the `Model.` before each name) -> ours.

    Raises KeyError for a network that is none of NAMES.
    """
    renamers: dict[str, Callable[[str], str]] = {
        "ef_lstm": str, "lmf": str, "tfn": str, "mfn": _mfn, "mult": _mult,
    }  # fmt: skip
    rename = renamers[name]
    plain = {key.removeprefix("Model."): value for key, value in state.items()}
    return {
        rename(key): value
        for key, value in plain.items()
        if key not in OTHERS and not key.endswith(".version")
    }


def _mfn(key: str) -> str:
    module, _, parameter = key.partition(".")
    return f"lstms.{LSTMS.index(module)}.{parameter}_l0" if module in LSTMS else key


def _mult(key: str) -> str:
    key = re.sub(r"^trans_([lav])_with_([lav])\.", r"cross.\1\2.", key)
    key = re.sub(r"^trans_([lav])_mem\.", r"memory.\1.", key)
    key = re.sub(r"^proj_([lav])\.", lambda match: f"proj.{'lav'.index(match[1])}.", key)
    return key.replace(".self_attn.", ".").replace(".layer_norms.", ".norms.")
