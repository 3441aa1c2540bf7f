"""Fine-tuning: by photos or by class names, everything or the last layers, a linear probe, labelled points."""

import json

import numpy as np
import pytest
import torch
from pairs_world import CLASSES, TOWER, make_pairs, small_encoder
from synthetic import GridSource

import timesen_nb as tn
from timesen_nb.datasets.pairs import Pairs
from timesen_nb.datasets.points import read_points
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.training import linear_probe
from timesen_nb.widgets.answer import Answer
from timesen_nb.widgets.kept import KeptPlaces

QUICK = {
    "epochs": 2,
    "batch_size": 16,
    "memory_bank": 32,
    "learning_rate": 3e-3,
    "device": "cpu",
    "progress": False,
}


@pytest.fixture
def model():
    return TimeSenCLIP(small_encoder(), TOWER, logit_scale=20.0, calibrated_logit_scale=10.0)


def labelled(n=64, seed=0):
    pairs = make_pairs(n, seed)
    return Pairs(pairs.values, labels=pairs.labels)


def right(classifier, test) -> float:
    return float(np.mean(np.array(classifier.predict(test.series())) == test.labels))


def changed(before, after) -> set[str]:
    a, b = before.encoder.state_dict(), after.encoder.state_dict()
    return {k for k in a if not torch.equal(a[k], b[k])}


@pytest.mark.parametrize("pairs", [make_pairs(64), labelled()], ids=["photos", "words"])
@pytest.mark.parametrize(
    ("layers", "learned"),
    [(0, ("mlp_head.",)), (1, ("mlp_head.", "transformer.layers.1.")), (None, ("",))],
)
def test_only_what_was_asked_for_is_learned(model, pairs, layers, learned):
    tuned = tn.fit(model, pairs, train_layers=layers, **QUICK)
    touched = changed(model, tuned)
    assert touched
    assert all(name.startswith(learned) for name in touched)
    assert any(name.startswith(learned[-1]) for name in touched)
    assert all(p.requires_grad for p in model.encoder.parameters())


def test_words_are_learned_from_labels_and_stay_open_to_others(model):
    train, test = labelled(160), labelled(96, seed=9)
    tuned = tn.fit(model, train, **{**QUICK, "epochs": 20})
    assert right(tuned.zero_shot(list(CLASSES)), test) > max(0.8, right(model.zero_shot(list(CLASSES)), test))
    assert tuned.zero_shot(["heath", "a coral reef"]).probabilities(test.series([0])).shape == (1, 2)


def test_places_without_a_label_and_photos_can_be_left_aside(model):
    pairs = make_pairs(64)
    pairs.labels[10:] = ""
    words = tn.fit(model, pairs, targets="words", **{**QUICK, "batch_size": 5, "memory_bank": 0})
    ten = tn.fit(
        model, pairs.take(np.arange(10)), targets="words", **{**QUICK, "batch_size": 5, "memory_bank": 0}
    )
    assert not changed(words, ten)
    with pytest.raises(ValueError, match="no labels"):
        tn.fit(model, Pairs(pairs.values, pairs.embeddings), targets="words", **QUICK)


def test_calibration_keeps_its_proportion_to_the_learned_scale(model):
    tuned = tn.fit(model, make_pairs(64), **QUICK)
    assert tuned.calibrated_logit_scale / tuned.logit_scale == pytest.approx(0.5)


def test_a_probe_is_used_as_words_are(model):
    train, test = labelled(160), labelled(96, seed=9)
    train.labels[:5] = ""
    probe = linear_probe(model, train, strength=100.0)
    assert probe.classes == sorted(CLASSES)
    assert right(probe, test) > max(0.85, right(model.zero_shot(list(CLASSES)), test))
    p = probe.probabilities(test.series([0, 1]))
    assert p.sum(axis=1) == pytest.approx([1, 1])


def test_a_probe_of_two_classes_is_the_logistic_regression(model):
    from sklearn.linear_model import LogisticRegression

    pairs = labelled(64)
    pairs.labels[:] = np.where(pairs.labels == "heath", "heath", "other")
    p = linear_probe(model, pairs).probabilities(pairs.series())
    vectors = model.encode(pairs.series())
    expected = (
        LogisticRegression(fit_intercept=False, max_iter=1000)
        .fit(vectors, pairs.labels)
        .predict_proba(vectors)
    )
    assert np.allclose(p, expected, atol=1e-4)
    pairs.labels[:] = "heath"
    with pytest.raises(ValueError, match="1 classes"):
        linear_probe(model, pairs)


# labelled points -------------------------------------------------------------------------------------------------


@pytest.fixture
def kept(model):
    """Twenty clicks of the map, kept; the person's class names are in a column of their own."""
    source, places = GridSource(), KeptPlaces()
    words = model.zero_shot(list(CLASSES))
    for i in range(20):
        series = source.pixel(*source.place(i, i))
        vector = model.encode(series.values[None])[0]
        places.add(Answer(series, vector, tuple(words.classes), words.of_vectors(vector[None])[0], "names"))
    return places


def test_kept_clicks_with_class_names_train_a_model(model, kept, tmp_path):
    import pandas as pd

    path = kept.export(tmp_path / "kept.csv")
    table = pd.read_csv(path).copy()
    table["mine"] = ["heath", "marsh"] * 9 + ["", None]
    table.to_csv(path, index=False)
    points = read_points(path, label="mine")
    assert points.labels.tolist() == ["heath", "marsh"] * 9 + ["", ""]
    assert np.allclose(points.values[3], kept[4].series.values, equal_nan=True)
    assert np.isnan(points.values[:, 11]).all()  # a month that was missing is missing
    tuned = tn.fit(model, points, train_layers=0, **QUICK)
    assert tuned.zero_shot(["heath", "marsh"]).predict(points.values)
    assert linear_probe(model, points).classes == ["heath", "marsh"]


def test_points_without_series_are_read_from_a_source(kept, tmp_path):
    path = kept.export(tmp_path / "kept.geojson")
    collection = json.loads(path.read_text())
    for i, feature in enumerate(collection["features"]):
        feature["properties"] |= {"true_class": "marsh", "year": 2018 + i % 2}
    path.write_text(json.dumps(collection))
    with pytest.raises(ValueError, match=r"no series .*source=tn.open_source"):
        read_points(path)
    points = read_points(path, source=GridSource())
    assert len(points) == 20
    assert np.allclose(points.values[2], kept[3].series.values, equal_nan=True)
    assert np.allclose(points.values[3], kept[4].series.values + 1, equal_nan=True)  # the source of 2019
    assert points.lonlats[0].tolist() == [kept[1].lon, kept[1].lat]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "lon,lat,class\n4,50,x\n", "no true_class among lon, lat, class"),
        ("a.csv", "place,true_class\n1,x\n", "no lon, lat"),
        ("a.csv", "lon,lat,true_class\n4,50,\n", "fill in the class names"),
        ("a.geojson", "{", "no GeoJSON"),
        ("a.geojson", '{"type": "Point"}', "no GeoJSON"),
        ("a.geojson", '{"features": []}', "no true_class"),
        ("a.geojson", '{"features": [{"geometry": {"type": "Polygon", "coordinates": []}}]}', "centroids"),
        ("a.shp", "", r"\.csv, \.geojson or \.gpkg"),
    ],
)
def test_files_that_are_no_labelled_points_are_refused(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=said):
        read_points(tmp_path / name)
