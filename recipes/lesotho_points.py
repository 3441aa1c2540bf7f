"""The bundled real points of Lesotho: ``python -m recipes.lesotho_points ../shared/real``.

At most 50 of each land cover, drawn by chance from the development half, where they stand and as they are called there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from timesen_nb.bands import month_columns
from timesen_nb.datasets.lesotho import FILE, LAND_COVERS

#: Of a land cover, at most; and the seed that they are drawn with.
EACH, SEED = 50, 1


def points(path: Path) -> pd.DataFrame:
    """lon, lat, year, true_class and B2_m01 to B12_m12, 0 = missing, one row a point."""
    table = pd.read_parquet(path)
    table = table[table["task"] == "lesotho_covers"].drop_duplicates(["lon", "lat"])
    drawn = pd.concat(
        table[table["label"] == label].sample(frac=1, random_state=SEED).head(EACH) for label in LAND_COVERS
    )
    drawn = drawn.rename(columns={"label": "true_class"}).round({"lon": 5, "lat": 5})
    return drawn[["lon", "lat", "year", "true_class", *month_columns()]]


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where s2_world_dev.parquet lies")
    drawn = points(parser.parse_args().folder / "s2_world_dev.parquet")
    drawn.to_csv(FILE, index=False, lineterminator="\n")
    print(f"{FILE.name}: {len(drawn)} points, {FILE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
