"""The Multimodal Transformer (Tsai et al. 2019): each modality attends to each other one, then to
itself, and its last step is read.

Beside the published function: attention without dropout on the fused kernels, the last layer of a
memory computed for the step that is read alone, and, where lengths are given, padding that is
masked and the last real step read.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, scaled_dot_product_attention

from modeling.learner.networks.dropout import Dropout

FULL = 16  # dimensions of a head


class Layer(nn.Module):
    """Pre-norm attention to `keys`, or to itself, and a feed-forward layer."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(3 * width, width)))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.drop = Dropout(dropout)

    def forward(
        self, x: Tensor, keys: Tensor | None, allowed: Tensor | None, read: Tensor | None = None,
        there: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """x (N, T, d), keys (N, S, d), allowed (T, S) or (N, 1, T, S) true where a step may attend,
        None: at itself and before; `read` (N,) only these steps are wanted; `there` (N,) false
        where there are no keys, and attention adds nothing -> (N, T or 1, d).
        """
        width = x.shape[2]
        normed = self.norms[0](x)
        source = normed if keys is None else self.norms[0](keys)
        if read is not None:
            rows = torch.arange(len(x), device=x.device)
            normed, x = normed[rows, read][:, None], x[rows, read][:, None]
        if keys is None and read is None:
            q, k, v = linear(normed, self.in_proj_weight, self.in_proj_bias).chunk(3, dim=2)
        else:
            q = linear(normed, self.in_proj_weight[:width], self.in_proj_bias[:width])
            k, v = linear(source, self.in_proj_weight[width:], self.in_proj_bias[width:]).chunk(
                2, dim=2
            )
        q, k, v = (each.unflatten(2, (self.heads, -1)).transpose(1, 2) for each in (q, k, v))
        size = q.shape[3]
        q, k, v = (_filled(each) for each in (q, k, v))
        mixed = scaled_dot_product_attention(
            q, k, v, attn_mask=allowed, is_causal=allowed is None and read is None,
            scale=size**-0.5,
        )[..., :size]  # fmt: skip
        heard = self.out_proj(mixed.transpose(1, 2).flatten(2))
        x = x + self.drop(heard if there is None else heard * there[:, None, None])
        return x + self.drop(self.fc2(torch.relu(self.fc1(self.norms[1](x)))))


class Encoder(nn.Module):
    """Layers over a sequence, with keys from another or from itself."""

    def __init__(self, width: int, heads: int, layers: int, embed: float, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(width, heads, dropout) for _ in range(layers))
        self.layer_norm = nn.LayerNorm(width)
        self.drop = Dropout(embed)
        self.scale = width**0.5

    def forward(
        self, x: Tensor, keys: Tensor, allowed: Tensor, there: Tensor | None = None
    ) -> Tensor:
        """x (N, T, d) over keys (N, S, d), of which there are none where `there` (N,) is false ->
        (N, T, d).
        """
        x, keys = self.drop(self.scale * x), self.drop(self.scale * keys)
        for layer in self.layers:
            x = layer(x, keys, allowed, there=there)
        return self.layer_norm(x)

    def last(self, x: Tensor, lengths: Tensor) -> Tensor:
        """x (N, T, d) over itself and before, read at its last real step -> (N, d)."""
        x = self.drop(self.scale * x)
        *first, final = self.layers
        for layer in first:
            x = layer(x, None, None)
        places = torch.arange(x.shape[1], device=x.device)
        inside = (places < lengths[:, None])[:, None, None]  # (N, 1, 1, T)
        whole = None if bool((lengths == x.shape[1]).all()) else inside
        return self.layer_norm(final(x, None, whole, lengths - 1))[:, 0]


class MulT(nn.Module):
    """See the module. `heads` divide `width`; kernels are those of the first convolutions."""

    def __init__(
        self, dims: tuple[int, int, int], width: int, heads: int, layers: int,
        kernels: tuple[int, int, int], text_dropout: float, embed_dropout: float, dropout: float,
        output_dropout: float, outputs: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernels = kernels
        self.proj = nn.ModuleList(
            nn.Conv1d(d, width, kernel, bias=False) for d, kernel in zip(dims, kernels, strict=True)
        )
        self.cross = nn.ModuleDict(
            {a + b: Encoder(width, heads, layers, embed_dropout, dropout)
             for a in "lav" for b in "lav" if a != b}
        )  # fmt: skip
        self.memory = nn.ModuleDict(
            {a: Encoder(2 * width, heads, max(layers, 3), embed_dropout, dropout) for a in "lav"}
        )
        self.text_drop, self.output_drop = Dropout(text_dropout), Dropout(output_dropout)
        self.proj1, self.proj2 = (nn.Linear(6 * width, 6 * width) for _ in range(2))
        self.out_layer = nn.Linear(6 * width, outputs)

    def forward(
        self, text: Tensor, audio: Tensor, vision: Tensor, lengths: Tensor | None = None,
        present: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Text (N, Lt, Dt), audio (N, La, Da), vision (N, Lv, Dv), lengths (3, N), each at least as
        long as its kernel, where rows are padded, `present` (N, 3) false where one is missing ->
        (N, outputs). Nothing attends to a missing one, and its own memory is zeros.
        """
        x, sizes = {}, {}
        parts = (self.text_drop(text), audio, vision)
        for place, (name, frames) in enumerate(zip("lav", parts, strict=True)):
            x[name] = self._projected(frames, place)
            full = torch.full((len(text),), frames.shape[1], device=text.device)
            own = full if lengths is None else lengths[place]
            sizes[name] = own - self.kernels[place] + 1
        there: dict[str, Tensor | None] = dict.fromkeys("lav")
        if present is not None and not bool(present.all()):
            there = dict(zip("lav", present.unbind(1), strict=True))
        read = []
        for a in "lav":
            attended = [
                self.cross[a + b](
                    x[a], x[b], _allowed(x[a], x[b], sizes[a], sizes[b], lengths is None), there[b]
                )
                for b in "lav"
                if b != a
            ]
            memory = self.memory[a]
            assert isinstance(memory, Encoder)
            memorised, is_there = memory.last(torch.cat(attended, dim=2), sizes[a]), there[a]
            read.append(memorised if is_there is None else memorised * is_there[:, None])
        last = torch.cat(read, dim=1)  # (N, 6 d)
        attended = self.proj2(self.output_drop(torch.relu(self.proj1(last))))
        return self.out_layer(attended + last)

    def _projected(self, frames: Tensor, place: int) -> Tensor:
        """(N, L, D) -> (N, L - kernel + 1, d)."""
        convolve = self.proj[place]
        assert isinstance(convolve, nn.Conv1d)
        if self.kernels[place] == 1:
            return linear(frames, convolve.weight[..., 0])
        return convolve(frames.transpose(1, 2)).transpose(1, 2)


def _filled(x: Tensor) -> Tensor:
    """(N, h, T, d), zeros up to a multiple of FULL on a CPU: its kernel takes half as long then."""
    short = -x.shape[3] % FULL
    wide = x.device.type == "cpu" and x.shape[3] > FULL // 2
    return nn.functional.pad(x, (0, short)) if short and wide else x


def _allowed(x: Tensor, keys: Tensor, own: Tensor, theirs: Tensor, whole: bool) -> Tensor:
    """Where steps of x may attend among keys: not beyond their own place by more than the
    difference of the lengths, nor at padding. (T, S), or (N, 1, T, S) where rows are padded.
    """
    steps = torch.arange(x.shape[1], device=x.device)[:, None]
    places = torch.arange(keys.shape[1], device=x.device)
    if whole:
        return places <= steps + abs(keys.shape[1] - x.shape[1])
    difference = (theirs - own).abs()[:, None, None]
    allowed = (places <= steps + difference) & (places < theirs[:, None, None])  # (N, T, S)
    return allowed[:, None]
