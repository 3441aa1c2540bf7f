"""The installed package, away from its sources: the bundled model answers on the bundled sample, and types are told."""

from importlib.resources import files

import timesen_nb as tn

assert files("timesen_nb").joinpath("py.typed").is_file(), "the wheel has no py.typed"
series = tn.open_source("sample").pixel(9.0, 50.0, year=2018)
words = tn.load("pocket").zero_shot(["a field of cereals", "a meadow", "a forest", "a lake"])
shares = words.probabilities(series.values[None], valid=series.valid[None])[0]
assert abs(shares.sum() - 1) < 1e-5, shares
assert callable(tn.ClickMap)
assert callable(tn.map_region)
print(f"timesen_nb {tn.__version__}: {dict(zip(words.classes, shares.round(2).tolist(), strict=True))}")
