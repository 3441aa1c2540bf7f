"""Sky above and ground below: the two planes behind every drawing, as arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from timesen_nb.simulate.scenes.canvas import FINER, WHITE, Canvas, Colour, Site, blend, shade

_SIDE = 1024
_FINE = 4


@dataclass(frozen=True)
class Ground:
    """How the ground plane is painted.

    soil, plants: colours; cover: share under plants. plane: height in metres at which the plants close to a carpet.
    spacing: metres between rows, 0 = none; ridged: how strongly rows show in the soil. grain: cells of texture a
    metre. rough: contrast of the texture. patch: how unevenly plants are spread over metres.
    """

    soil: Colour
    plants: Colour
    cover: float
    plane: float = 0.0
    spacing: float = 0.0
    ridged: float = 0.0
    grain: float = 9.0
    rough: float = 0.45
    patch: float = 0.3


@cache
def noise() -> np.ndarray:
    """(1024, 1024) float32 tileable fractal noise, smooth over ``_FINE`` pixels, evenly spread over 0 to 1."""
    rng = np.random.default_rng(7)
    fx, fy = np.meshgrid(np.fft.fftfreq(_SIDE), np.fft.fftfreq(_SIDE))
    spectrum = np.hypot(fx, fy)
    spectrum[0, 0] = 1
    white = np.fft.fft2(rng.standard_normal((_SIDE, _SIDE)))
    shape = np.maximum(spectrum, 1 / 256) ** -0.8 * np.exp(-((spectrum * _FINE / 1.2) ** 2))
    field = np.fft.ifft2(white * shape).real
    rank = field.ravel().argsort().argsort()
    return (rank / rank.size).reshape(_SIDE, _SIDE).astype(np.float32)


def texture(x: np.ndarray, y: np.ndarray, cells: float) -> np.ndarray:
    """Noise at places in metres, so many cells of it a metre."""
    k = np.float32(cells * _FINE)
    return noise()[(y * k).astype(np.int32) & (_SIDE - 1), (x * k).astype(np.int32) & (_SIDE - 1)]


def sky_colours(site: Site, against: float) -> tuple[Colour, Colour]:
    """Zenith and horizon colours."""
    zenith = blend((78, 132, 205), (178, 184, 193), site.overcast)
    low = blend((190, 212, 232), (212, 214, 218), site.overcast)
    warm = max(0.0, 1 - site.sun / 30) * (1 - site.overcast) * (0.15 + 0.35 * against)
    return blend(zenith, (214, 222, 232), 0.35 * against), blend(low, (250, 226, 190), warm)


def sky(view: Canvas) -> np.ndarray:
    """(rows above the horizon, width, 3) float32: a gradient with clouds on a plane overhead."""
    site, dice = view.site, view.dice
    width, rows = view.small[0], round(view.horizon / FINER)
    top, low = (np.array(c, np.float32) for c in sky_colours(site, view.against))
    down = ((np.arange(rows, dtype=np.float32) + 0.5) / rows)[:, None]
    base = top + (low - top) * down[..., None] ** 1.3
    far = 1.0 / (1.08 - down)
    u = (np.arange(width, dtype=np.float32)[None, :] / width - 0.5) * far
    shift = dice.uniform(0, 200)
    puff = 0.7 * texture(u + shift, far + shift, 22) + 0.3 * texture(u + 99 + shift, far + shift, 70)
    cloudy = 0.10 + 0.6 * min(site.overcast * 1.4, 1.0)
    amount = np.clip((puff - (1 - cloudy)) * 5, 0, 1)[..., None]
    grey = np.float32(250 - 50 * site.overcast) - 30 * puff[..., None] * site.overcast
    return base + (grey - base) * amount * np.float32(0.85 - 0.25 * site.overcast)


def ground(view: Canvas, look: Ground) -> np.ndarray:
    """(rows below the horizon, width, 3) float32: soil and plants in perspective."""
    site, dice = view.site, view.dice
    width, height = view.small
    first = round(view.horizon / FINER)
    v = np.arange(first, height, dtype=np.float32)[:, None] + 0.6 - view.horizon / FINER
    focal = view.focal / FINER
    z = focal * max(view.eye - look.plane, 0.12) / np.maximum(v, 0.3)
    x = (np.arange(width, dtype=np.float32)[None, :] - view.middle / FINER) * z / focal
    ox, oz = dice.uniform(0, 90), dice.uniform(0, 90)
    x_, z_ = x + ox + 500, z + oz
    fine = texture(x_, z_, look.grain)
    coarse = texture(x_, z_ * 0.6, 0.7)
    spread = fine * (1 - look.patch) + coarse * look.patch
    if look.spacing:
        angle = view.row_angle
        along = z * z / (focal * max(view.eye - look.plane, 0.12))
        foot = np.hypot(math.cos(angle) * z / focal, math.sin(angle) * along) / look.spacing
        seen = np.clip(1.3 - 1.6 * foot, 0, 1)
        phase = np.mod((x * math.cos(angle) - z * math.sin(angle)) / look.spacing + 0.5, 1.0)
        row = (1 - np.abs(4 * phase - 2)) * seen  # 1 on the row, -1 between rows
        spread = spread - 0.42 * row
    else:
        row = np.zeros_like(fine)
    soft = 0.18 + np.minimum(z / 12, 1.2)
    mask = np.clip((look.cover * 1.04 - 0.02 - spread) / soft + look.cover, 0, 1)[..., None]
    soil = np.array(look.soil, np.float32) * (1 + look.ridged * row)[..., None]
    if site.snow:
        mask = mask * np.float32(0.45)
        white = np.array(WHITE, np.float32) * (1 + 0.06 * row)[..., None]
        soil = soil + (white - soil) * np.float32(0.92)
    colour = soil + (np.array(look.plants, np.float32) - soil) * mask
    rough = look.rough * (0.3 if site.snow else 1.0)
    light = 1 - rough / 2 + rough * (0.65 * fine + 0.35 * coarse)
    colour = colour * light[..., None]
    haze = np.array(sky_colours(site, view.against)[1], np.float32)
    fade = np.clip(z / (z + 160), 0, 0.55)[..., None]
    return colour + (haze - colour) * fade


def picture(*parts: np.ndarray) -> Image.Image:
    """Sky and ground stacked to an image."""
    return Image.fromarray(np.clip(np.concatenate(parts), 0, 255).astype(np.uint8))


def start(view: Canvas, look: Ground, relief: float = 0.3) -> None:
    """Lay sky, far background and ground. relief: 0 a sea's horizon, 0.3 plain, 1 hills, 2 mountains."""
    above, below = sky(view), ground(view, look)
    view.lay(picture(above, below))
    with view.apart("backdrop"):
        backdrop(view, relief)


def backdrop(view: Canvas, relief: float) -> None:
    """Hills or mountains, and far woods along the horizon."""
    if relief <= 0:
        return
    site, dice = view.site, view.dice
    haze = sky_colours(site, view.against)[1]
    rise = view.height * 0.035 * relief
    if relief >= 2:
        peaks = [view.horizon - rise * dice.uniform(1.2, 4.6) for _ in range(9)]
        rock = blend((108, 112, 120), haze, 0.45)
        view.ridge(peaks, view.horizon + 1, rock)
        cap = view.horizon - rise * (1.4 if site.snow or site.month in (12, 1, 2, 3, 4) else 2.9)
        step = view.width / 8
        for i, top in enumerate(peaks):
            if top < cap:
                half = step * (cap - top) / (rise * 3.2)
                view.shape(
                    [(i * step, top), (i * step + half, cap), (i * step - half, cap)], blend(WHITE, haze, 0.2)
                )
    elif dice.random() < 0.3 + 0.4 * relief:
        hill = blend((70, 96, 96), haze, 0.55)
        a, b = dice.uniform(0, 6.3), dice.uniform(0.7, 2.0)
        tops = [view.horizon - rise * (1.3 + math.sin(a + b * i * 0.5)) for i in range(13)]
        view.ridge(tops, view.horizon + 1, hill)
    if relief < 2 or dice.random() < 0.7:
        bare = site.month in (11, 12, 1, 2, 3)
        wood = blend((84, 76, 68) if bare else (58, 82, 52), haze, dice.uniform(0.25, 0.5))
        if site.snow:
            wood = blend(wood, WHITE, 0.25)
        low, n = view.height * dice.uniform(0.004, 0.03), 24
        gap = dice.randrange(n)
        tops = [
            view.horizon + 1 - (low * dice.uniform(0.5, 1.5) if abs(i - gap) > 2 else 0) for i in range(n + 1)
        ]
        view.ridge(tops, view.horizon + 1.5, shade(wood, 0.95))
