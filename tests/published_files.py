"""A published encoder as its authors describe it, and files that hold one."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import timesen_nb as tn
from timesen_nb.bands import OFFSET, SCALE


class Reference(nn.Module):
    """The model of the paper and its released settings, built of torch's own transformer.

    Post-norm layers with ReLU; a month is flattened bands first; positions: twelve as they are, four as the median of
    three months each, one as January's. Input is normalised already, output is not L2-normalised.
    """

    def __init__(
        self,
        width: int = 512,
        depth: int = 6,
        heads: int = 8,
        hidden: int = 256,
        patch: int = 1,
        bands: int = 10,
    ):
        super().__init__()
        self.spectral_embedding = nn.Sequential(nn.Flatten(2), nn.Linear(bands * patch * patch, width))
        self.time_pos_encoding = nn.Parameter(torch.randn(1, 12, width))
        self.class_token = nn.Parameter(torch.randn(1, 1, width))
        layer = nn.TransformerEncoderLayer(width, heads, hidden, dropout=0.2, batch_first=True)
        self.transformer = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.mlp_head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width))
        for p in self.parameters():  # layer norms and biases too, so that each of them matters
            nn.init.normal_(p, std=0.5 if p.ndim == 1 else 2 * p.shape[-1] ** -0.5)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.spectral_embedding(x)
        position = self.time_pos_encoding[0]
        if x.shape[1] == 4:
            position = torch.stack([position[q : q + 3].sort(dim=0).values[1] for q in (0, 3, 6, 9)])
        elif x.shape[1] == 1:
            position = position[:1]
        tokens = torch.cat([self.class_token.expand(len(x), -1, -1), tokens + position], dim=1)
        return self.mlp_head(self.transformer(tokens)[:, 0])


def reference(seed: int = 0, **sizes: int) -> Reference:
    torch.manual_seed(seed)
    return Reference(**sizes).eval()


SMALL = {"width": 48, "depth": 2, "hidden": 32}
ARGS = argparse.Namespace(ARCH="ViT-B/32", heads=8, channels=list(tn.BANDS), LR=1e-4, resume=False, id=None)


def lightning_file(path: Path, state: dict[str, Tensor], args: Any = ARGS, **more: Any) -> Path:
    """A checkpoint as Lightning lays it out."""
    torch.save(
        {
            "epoch": 3, "global_step": 411, "pytorch-lightning_version": "1.9.5", "state_dict": state, "loops": {},
            "callbacks": {"EarlyStopping{'monitor': 'val_loss'}": {"best_score": torch.tensor(1.5), "wait_count": 0}},
            "optimizer_states": [{"state": {}, "param_groups": [{"lr": 1e-4, "betas": (0.9, 0.999)}]}],
            "lr_schedulers": [], "hparams_name": "kwargs",
            "hyper_parameters": {"args": args, "classes": ["Cropland", "Woodland"]}, **more,
        },
        path,
    )  # fmt: skip
    return path


def prefixed(model: nn.Module, prefix: str) -> dict[str, Tensor]:
    beside = {
        "logit_scale": torch.tensor(3.5),
        "learner.queue": torch.zeros(4, 8),
        "learner.queue_ptr": torch.zeros(1),
    }
    return beside | {prefix + k: v for k, v in model.state_dict().items()}


def pixels(n: int, t: int, patch: int, bands: int = 10) -> Tensor:
    """Reflectance x 10000, beyond both ends of the normalisation too."""
    torch.manual_seed(1)
    return torch.rand(n, t, bands, patch, patch) * 7000


def normalised(values: Tensor, scale: Sequence[float] = SCALE) -> Tensor:
    low, high = torch.tensor(OFFSET).view(-1, 1, 1), torch.tensor(scale).view(-1, 1, 1)
    return ((values - low) / high).clamp(0, 1)


class Trap:
    """What a pickle runs when it is read the careless way."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)
