"""Class statistics of real Sentinel-2 for the simulator, written once from the development data.

Run as ``python -m recipes.class_statistics ../shared/real``: it reads rows of real pixels and writes only statistics of
classes (typical value, spread and correlations), never a row.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from timesen_nb.bands import BANDS, month_columns
from timesen_nb.simulate.class_statistics import ANNUAL_BANDS, logarithm
from timesen_nb.simulate.processing import TOA_ADDED, TOA_TIMES

#: Which labels of the monthly pixels make a group of class statistics (columns crop_std, crop or lc_class).
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "wheat": ("crop_std", ("Wheat",)),
    "barley": ("crop_std", ("Barley",)),
    "cereals": ("crop_std", ("Wheat", "Barley", "Oats", "Rye", "Triticale")),
    "maize": ("crop_std", ("Maize",)),
    "potatoes": ("crop_std", ("Potatoes",)),
    "sugar beet": ("crop_std", ("Sugar beet",)),
    "sunflower": ("crop_std", ("Sunflower",)),
    "rape": ("crop_std", ("Rape and turnip rape",)),
    "soya": ("crop_std", ("Soya",)),
    "lucerne": ("crop_std", ("Lucerne",)),
    "vineyard": ("crop_std", ("Vineyards",)),
    "olive grove": ("crop_std", ("Olive groves",)),
    "citrus": ("crop_std", ("Citrus",)),
    "pulses": ("crop", ("Other Leguminous crops", "early_fava_beans", "spring_peas", "Beans", "beans", "lentils")),
    "vegetables": (
        "crop",
        ("Cabbages", "vegetables_fruits", "Spinach", "spinach", "zucchini_courgette", "Carrots", "tomato", "artichoke",
         "Leeks & other alliaceous vegetables", "Onions and shallots", "pumpkin_squash_gourd", "chard", "fennel",
         "Other root, bulb or tuberous vegetables", "watermelon", "Other other crops", "Flower crops"),
    ),
    "fruit": (
        "crop",
        ("Apples", "Pears & quinces", "Other fruit", "Cherries & sour cherries", "Peaches & nectarines",
         "Plums and sloes", "Other berries", "Raspberries", "Other crops - permanent", "avocado"),
    ),
    "nuts": ("crop", ("fruit_nuts", "Almonds", "sweet_chestnuts", "hazelnuts_hazel", "nuts", "Fruit and nuts")),
    "ley": (
        "crop",
        ("Temporary grass crops", "lolium_ryegrass", "fodder_mixtures", "Grasses and other fodder crops", "Cloves",
         "clover"),
    ),
    "grassland": ("lc_class", ("Grassland",)),
    "woodland": ("lc_class", ("Woodland",)),
    "built-up": ("lc_class", ("Artificial land",)),
}  # fmt: skip

#: Task and label of the pixels outside Europe of which statistics are carried.
ELSEWHERE: tuple[tuple[str, str], ...] = (
    *(("lesotho_covers", c) for c in
      ("Cropland", "Grassland", "Shrubland", "Trees", "Barren", "Urban", "Water", "Wetland")),
    ("sudan_cropland", "cropland"), ("iran_cropland", "cropland"),
    *(("arkansas_crops", c) for c in ("corn", "cotton", "rice", "soybeans")),
    *(("canada_crops", c) for c in
      ("maize", "soya", "spring wheat", "winter wheat", "potatoes", "alfalfa", "grassland", "orchard")),
    *(("amazonia_covers", c) for c in ("forest", "pasture", "savanna")),
    *(("petrolina_covers", c) for c in ("cropland", "shrubland", "bare ground", "built-up area", "water")),
)  # fmt: skip

#: Top-of-atmosphere to surface reflectance x 10000, (x - A) / B, B2 to B12 without B8A.
TOA_A, TOA_B = (np.delete(x.astype(float), BANDS.index("B8A")) for x in (TOA_ADDED, TOA_TIMES))
#: Eigenvalue of a correlation matrix: bands of many places are told apart by what is little.
SMALLEST = 2e-3


def read_monthly(folder: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """The labelled monthly pixels and their series (N, 12, 10), NaN = missing or probably cloud.

    About half of the rows lack B8A: for class statistics it is B8 times the month's median ratio in the other rows.
    """
    rows = pd.read_parquet(folder / "s2_monthly_europe.parquet")
    values = rows[month_columns()].to_numpy().reshape(-1, 12, len(BANDS))
    values = np.where(values == 0, np.nan, values.astype(float))
    bright = rows["bright_mask"].to_numpy(int)[:, None] >> np.arange(12) & 1
    values[bright.astype(bool)] = np.nan
    b8, b8a = BANDS.index("B8"), BANDS.index("B8A")
    ratio = np.nanmedian(values[..., b8a] / values[..., b8], axis=0)
    values[..., b8a] = np.where(np.isnan(values[..., b8a]), values[..., b8] * ratio, values[..., b8a])
    return rows, values


def read_annual(folder: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """The LUCAS points and their annual medians (N, 9) as surface reflectance x 10000 without B8A."""
    rows = pd.read_parquet(folder / "lucas2018_s2_metrics.parquet")
    toa = rows[[f"{b}_median" for b in ANNUAL_BANDS]].to_numpy(float)
    return rows, (toa - TOA_A) / TOA_B


def _correlation(z: np.ndarray) -> np.ndarray:
    """Correlation of columns with gaps (pairs that are both there), made positive definite."""
    known = ~np.isnan(z)
    filled = np.where(known, z, 0.0)
    pairs = known.T.astype(float) @ known
    c = (filled.T @ filled) / np.maximum(pairs, 1)
    sd = np.sqrt(np.diag(c))
    c = c / np.outer(sd, sd)
    w, v = np.linalg.eigh(c)
    c = (v * np.maximum(w, SMALLEST)) @ v.T
    sd = np.sqrt(np.diag(c))
    out: np.ndarray = c / np.outer(sd, sd)
    return out


def write(folder: Path, target: Path) -> None:
    """Write monthly.csv, annual.csv and correlations.csv from the development data in ``folder``."""
    rows, values = read_monthly(folder)
    months: list[dict[str, object]] = []
    links: list[dict[str, object]] = []

    def add_links(group: str, axis: str, names: list[str], matrix: np.ndarray) -> None:
        for name, line in zip(names, matrix, strict=True):
            links.append(
                {"group": group, "axis": axis, "of": name, **dict(zip(names, line.round(4), strict=True))}
            )

    for group, (column, labels) in GROUPS.items():
        quality = rows["label_quality"] != "ambiguous" if column == "lc_class" else True
        chosen = (rows[column].isin(labels) & quality).to_numpy()
        logs = logarithm(values[chosen])
        few = (~np.isnan(logs)).sum(axis=0) < 4  # too few to tell: left empty in the table
        mean, sd = (np.where(few, np.nan, f(logs, axis=0)) for f in (np.nanmean, np.nanstd))
        place = {c: rows[c][chosen] for c in ("lon", "lat")}
        for m in range(12):
            months.append(
                {"group": group, "n": int(chosen.sum()), "lat": round(place["lat"].mean(), 1),
                 "lat_sd": round(place["lat"].std(), 1), "lon": round(place["lon"].mean(), 1), "month": m + 1}
                | {b: np.round(np.exp(mean[m, i])) for i, b in enumerate(BANDS)}
                | {f"{b}_spread": np.round(sd[m, i], 3) for i, b in enumerate(BANDS)}
            )  # fmt: skip
        z = (logs - mean) / np.maximum(sd, 0.02)
        add_links(
            group, "month", [str(m) for m in range(1, 13)], _correlation(z.transpose(0, 2, 1).reshape(-1, 12))
        )
        add_links(group, "band", list(BANDS), _correlation(z.reshape(-1, 10)))

    points, medians = read_annual(folder)
    years: list[dict[str, object]] = []
    for cover in sorted(points["lc_class"].unique()):
        chosen = (points["lc_class"] == cover).to_numpy()
        logs = logarithm(medians[chosen])
        mean, sd = logs.mean(axis=0), logs.std(axis=0)
        years.append(
            {"cover": cover, "n": int(chosen.sum())}
            | {b: round(float(np.exp(mean[i]))) for i, b in enumerate(ANNUAL_BANDS)}
            | {f"{b}_spread": round(float(sd[i]), 3) for i, b in enumerate(ANNUAL_BANDS)}
            | {
                f"ndvi_{s}": round(float(points[f"ndvi_{s}"][chosen].mean()), 3)
                for s in ("DJF", "MAM", "JJA", "SON")
            }
            | {
                f"ndvi_{s}_spread": round(float(points[f"ndvi_{s}"][chosen].std()), 3)
                for s in ("DJF", "MAM", "JJA", "SON")
            }
        )
        add_links(cover, "annual", list(ANNUAL_BANDS), _correlation((logs - mean) / sd))
    target.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(months).to_csv(target / "monthly.csv", index=False)
    pd.DataFrame(years).to_csv(target / "annual.csv", index=False)
    pd.DataFrame(links).to_csv(target / "correlations.csv", index=False)


def write_elsewhere(folder: Path, target: Path) -> None:
    """Write elsewhere.csv: months of labelled pixels of five regions outside Europe, as their logarithms' statistics.

    Points all over the world and the annual ones of Tonga are left out, so that something stays to judge by.
    """
    rows = pd.read_parquet(folder / "s2_world_dev.parquet")
    values = rows[month_columns()].to_numpy().reshape(-1, 12, len(BANDS))
    logs = logarithm(np.where(values == 0, np.nan, values.astype(float)))
    lines: list[dict[str, object]] = []
    for task, label in ELSEWHERE:
        z = logs[((rows["task"] == task) & (rows["label"] == label)).to_numpy()]
        seen = (~np.isnan(z)).any(axis=2)
        # medians and quartiles: left-over clouds and snow are drawn by the simulator
        quarter, middle, three = np.nanpercentile(z, (25, 50, 75), axis=0)
        spread = np.clip((three - quarter) / 1.349, 0.03, 1.0)
        standard = np.clip((z - middle) / spread, -2.5, 2.5)
        months = _correlation(standard.transpose(0, 2, 1).reshape(-1, 12))
        with np.errstate(invalid="ignore"):
            here = ~np.isnan(middle).all(axis=0)
        bands = np.full((10, 10), np.nan)
        bands[np.ix_(here, here)] = _correlation(standard.reshape(-1, 10)[:, here])
        for m in range(12):
            lines.append(
                {"task": task, "label": label, "n": len(z), "month": m + 1, "seen": round(float(seen[:, m].mean()), 3)}
                | {b: np.round(np.exp(middle[m, i])) for i, b in enumerate(BANDS)}
                | {f"{b}_spread": np.round(spread[m, i], 3) for i, b in enumerate(BANDS)}
                | {f"month_{k + 1}": np.round(months[m, k], 3) for k in range(12)}
                | ({f"band_{b}": np.round(bands[m, k], 3) for k, b in enumerate(BANDS)} if m < 10 else {})
            )  # fmt: skip
    target.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(lines).to_csv(target / "elsewhere.csv", index=False)


if __name__ == "__main__":
    tables = Path(__file__).parents[1] / "timesen_nb" / "simulate" / "statistics"
    write(Path(sys.argv[1]), tables)
    write_elsewhere(Path(sys.argv[1]), Path(__file__).parent)
