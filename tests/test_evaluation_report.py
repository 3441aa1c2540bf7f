"""The whole report: from a Sen4Map-shaped file to the paper's tables, for models whose answers are known."""

from contextlib import nullcontext
from zlib import crc32

import h5py
import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk
from synthetic import WordTower, small_model

import timesen_nb as tn
from timesen_nb.datasets import PlaceDataset, read_sen4map
from timesen_nb.datasets.lucas import grid_places
from timesen_nb.evaluation import ImageBaseline, paper_table, simulated_dataset
from timesen_nb.evaluation.encoding import centre, readable_places
from timesen_nb.model.ablation import make_encoder
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.spreadsheet import unescaped

TASKS = ("land_cover", "land_use", "crops", "habitat", "bioregion", "country")
COVERS, USES, COUNTRIES = ("A11", "B16", "C10", "E20", "G11"), ("U370", "U111", "U120"), ("BE", "NL", "FR")
EDGE = 12  # pixels, in place of 64


@pytest.fixture(scope="module")
def sen4map(tmp_path_factory):
    """120 points in the layout of composites, with every label that Sen4Map has; two have no month at all."""
    path = tmp_path_factory.mktemp("sen4map") / "test.h5"
    rng = np.random.default_rng(0)
    spectra = rng.uniform(300, 4000, (len(COVERS), 12, 10))
    numbers = [f"{38000000 + 20010 * i}" for i in range(120)]
    at = grid_places(np.array(numbers))
    with h5py.File(path, "w") as file:
        for i in range(120):
            group = file.create_group(f"Lucas_Point_{numbers[i]}")
            image = spectra[i % 5][..., None, None] + rng.normal(0, 40, (12, 10, EDGE, EDGE))
            image[rng.integers(12)] = 1.0  # a cloudy month, as the published rule leaves it
            if i >= 118:
                image[:] = 1.0
            group["image"] = image.clip(1).astype(np.float32)
            group.attrs.update(
                {
                    "lc1": COVERS[i % 5], "lu1": USES[i % 3], "nuts0": COUNTRIES[i // 40], "EUNIS_L2": i % 44,
                    "bioregion_class_code": 3 if i % 2 else 8, "Coordinates": at[i],
                }
            )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def places(sen4map):
    return read_sen4map(sen4map, progress=False)


@pytest.fixture(scope="module")
def full(places):
    return tn.report(small_model(), places, resamples=50, progress=False)


class Oracle:
    """Knows the class from the first band's July value, 100 x class + 100, and its words; right for all but class 0."""

    calibrated_logit_scale = 50.0

    def __init__(self, task):
        self.task, self.asked, self.encoded = task, 0, []

    def encode(self, values):
        july = values[:, 6, 0] if values.shape[1] == 12 else values[:, -1, 0]
        self.encoded.append(values.shape)
        k = np.round(july / 100).astype(int) - 1
        return np.eye(len(self.task), dtype=np.float32)[np.where(k == 0, 1, k)]

    def encode_text(self, texts):
        self.asked += 1
        rows = [[float(name in text) for name in self.task.classes] for text in texts]
        out = np.array(rows, dtype=np.float32) + 1e-3
        return out / np.linalg.norm(out, axis=1, keepdims=True)


def known_places(n=48):
    """Land covers in turn, told by every month's first band."""
    task = tn.tasks["land_cover"]
    k = np.arange(n) % 8
    values = np.full((n, 12, 10), 50.0, dtype=np.float32)
    values[:, :, 0] = (100 * k + 100)[:, None]
    lonlats = np.stack([np.arange(n) * 0.5, np.full(n, 50.0)], axis=1)
    labels = {
        "land_cover": np.array(task.classes)[k],
        "country": np.where(np.arange(n) < 16, "Belgium", "FR"),
    }
    return PlaceDataset(values, lonlats, labels, np.arange(n))


def test_the_file_goes_through_every_task_style_and_length(full):
    table = full.scores
    assert len(table) == 6 * 3 * 3
    assert set(table["task"]) == set(TASKS)
    assert full.left_out == 2
    cover = table[table["task"] == "land_cover"]
    assert (cover["places"] == 118).all()
    assert (cover["classes"] == 5).all()
    crops = table[table["task"] == "crops"]
    assert (crops["places"] == 24).all()  # only those with a crop
    shares = table[[c for c in table if c.startswith(("top", "balanced", "f1", "calibration"))]]
    assert ((shares >= 0) & (shares <= 1)).all().all()
    assert (table["top1_low"] <= table["top1"]).all()
    assert (table["top1"] <= table["top1_high"]).all()
    assert (table["top1"] <= table["top5"]).all()


@pytest.mark.parametrize("composites", [12, 4, 1])
def test_answers_are_those_of_zero_shot(full, places, composites):
    from timesen_nb.composite import annual, quarters

    model, rows = small_model(), readable_places([small_model()], places)
    series = {12: lambda x: x, 4: quarters, 1: annual}[composites](places.series(rows))
    for task, style in (("land_cover", "names"), ("habitat", "descriptions")):
        p = model.zero_shot(task, style).probabilities(series)
        found = full.one(task, style, composites)
        some = tn.tasks[task].index(places.labels[task][rows]) >= 0
        assert (found.predicted == p[some].argmax(axis=1)).all()
        np.testing.assert_allclose(found.confidence, p[some].max(axis=1), rtol=1e-4)


def test_scores_are_scikit_learn_s(full):
    found = full.one("land_cover", "template", 4)
    row = full.scores.query("task == 'land_cover' and prompts == 'template' and T == 4").iloc[0]
    assert row["top1"] == pytest.approx(sk.accuracy_score(found.truth, found.predicted))
    assert row["f1"] == pytest.approx(sk.f1_score(found.truth, found.predicted, average="macro"))
    each = full.per_class("land_cover", "template", composites=4)
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        found.truth, found.predicted, labels=range(8), zero_division=np.nan
    )
    there = each["places"] > 0
    np.testing.assert_array_equal(each["places"], support)
    np.testing.assert_allclose(each["accuracy"][there], recall[there])
    np.testing.assert_allclose(each["precision"][there], precision[there])
    np.testing.assert_allclose(each["f1"][there], f1[there])
    table = full.confusion("land_cover", "template", composites=4)
    np.testing.assert_array_equal(table, sk.confusion_matrix(found.truth, found.predicted, labels=range(8)))


def test_known_answers_and_nothing_encoded_twice():
    task = tn.tasks["land_cover"]
    oracle, places = Oracle(task), known_places()
    found = tn.report(oracle, places, tasks=["land_cover"], prompts=["names"], progress=False)
    assert oracle.asked == 1
    assert [shape[1] for shape in oracle.encoded] == [12, 4, 1]
    assert found.scores["top1"].tolist() == [7 / 8] * 3
    assert found.scores["balanced"].tolist() == [7 / 8] * 3
    each = found.per_class("land_cover", "names")
    assert each["accuracy"].tolist() == [0, *[1] * 7]
    assert each["precision"]["Cropland"] == 0.5
    country = found.by_country("land_cover", "names")
    assert country["places"].to_dict() == {"Belgium": 16, "France": 32}
    assert country["top1"].tolist() == [7 / 8, 7 / 8]


def test_labels_that_are_no_class_are_said_and_not_scored():
    places = known_places()
    names = places.labels["land_cover"].astype(object)
    names[1:4] = ["Croplnad", "", " WOODLAND  "]
    wrong = PlaceDataset(places.values, places.lonlats, {"land_cover": names}, places.ids)
    with pytest.warns(
        UserWarning, match=r"land_cover: 1 of 48 places have a label .* \(Croplnad\), and are not scored"
    ):
        found = tn.report(Oracle(tn.tasks["land_cover"]), wrong, composites=[12], progress=False)
    assert set(found.scores["places"]) == {46}


def test_layout_is_the_paper_s(full, tmp_path):
    layout = full.layout()
    assert list(layout.columns[:3]) == [("land_cover", s) for s in ("names", "template", "descriptions")]
    assert layout.columns.get_level_values("task").unique().tolist() == [
        "land_cover", "land_use", "habitat", "crops", "bioregion", "country", "overall",
    ]  # fmt: skip
    assert layout.loc[("paper: TimeSenCLIP, 1 px", 12), ("land_cover", "descriptions")] == 66.5
    five = ["land_cover", "land_use", "habitat", "crops", "bioregion"]
    own = layout.loc[("model", 12)]
    assert own["overall", "names"] == pytest.approx(np.mean([own[t, "names"] for t in five]))
    raw = full.scores.query("task == 'crops' and prompts == 'names' and T == 12")["top1"].item()
    assert own["crops", "names"] == pytest.approx(100 * raw)
    read = pd.read_csv(full.to_csv(tmp_path / "report.csv"), header=[0, 1], index_col=[0, 1])
    np.testing.assert_allclose(read.to_numpy(), layout.to_numpy(), atol=0.051)
    assert "transductive" not in repr(layout)
    assert full.layout("top1_transductive").index.get_level_values("model").unique().tolist() == ["model"]


def test_no_spreadsheet_runs_a_name_of_the_report(tmp_path):
    names = ["=1+1", "+a", "-b", "@c", "\tx", "'=d", "plain"]
    models = {name: Oracle(tn.tasks["land_cover"]) for name in names}
    found = tn.report(
        models, known_places(), tasks=["land_cover"], prompts=["names"], composites=[12], progress=False
    )
    cells = pd.read_csv(found.to_csv(tmp_path / "report.csv"), header=None, dtype=str, keep_default_na=False)
    assert not cells.apply(lambda column: column.str.match(r"[=+\-@\t\r]")).to_numpy().any()
    assert set(names) <= {unescaped(name) for name in cells[0]}


def test_the_paper_s_overall_is_the_mean_of_its_tasks():
    """A check of our copy of the figures: each printed overall is the mean of the five tasks, but for rounding."""
    table = paper_table()
    for style in ("names", "template", "descriptions"):
        mean = table.xs(style, axis=1, level="prompts").drop(columns="overall").mean(axis=1)
        assert (mean - table["overall", style]).abs().max() < 2.5


def test_several_models_give_mean_and_deviation():
    class Other(Oracle):
        def encode(self, values):
            out = super().encode(values)
            return np.roll(out, 1, axis=1)  # never right

    task, places = tn.tasks["land_cover"], known_places()
    both = {"good": Oracle(task), "bad": Other(task)}
    found = tn.report(both, places, tasks=["land_cover"], prompts=["names"], composites=[12], progress=False)
    layout = found.layout(paper=False)["land_cover", "names"]
    good, bad = layout["good", 12], layout["bad", 12]
    assert good == 87.5
    assert layout["mean of 2", 12] == pytest.approx((good + bad) / 2)
    assert layout["deviation", 12] == pytest.approx(abs(good - bad) / np.sqrt(2))
    assert found.one("land_cover", "names", model="bad").right.mean() == bad / 100


def test_neighbours_widen_the_interval():
    """Six spots of eight copies each, one of them always wrong."""
    task = tn.tasks["land_cover"]
    places = known_places()
    spot = np.arange(48) % 8
    near = PlaceDataset(
        places.values, np.stack([spot * 5.0, np.full(48, 50.0)], 1), places.labels, places.ids
    )
    row = tn.report(
        Oracle(task), near, tasks=["land_cover"], prompts=["names"], composites=[1], progress=False
    )
    row = row.scores.iloc[0]
    assert row["top1_block_high"] - row["top1_block_low"] > 1.5 * (row["top1_high"] - row["top1_low"])
    plain = tn.report(
        Oracle(task), near, tasks=["land_cover"], prompts=["names"], block_km=None, progress=False
    )
    assert "top1_block_low" not in plain.scores


@pytest.mark.parametrize(("apart", "drawn", "said"), [(5.0, "top1_block", "blocks"), (0.0, "top1", "alone")])
def test_the_interval_of_blocks_is_drawn_where_it_is_known(apart, drawn, said):
    """Places of one block are no sample of blocks: an interval without width would look like certainty."""
    places = known_places()
    at = np.stack([np.arange(48) % 8 * apart, np.full(48, 50.0)], 1)
    near = PlaceDataset(places.values, at, places.labels, places.ids)
    found = tn.report(
        Oracle(tn.tasks["land_cover"]),
        near,
        tasks=["land_cover"],
        prompts=["names"],
        composites=[12],
        progress=False,
    )
    row = found.scores.iloc[0]
    assert np.isnan([row["top1_block_low"], row["top1_block_high"]]).all() == (apart == 0)
    ax = found.plot()
    (low, high), *_ = (segment[:, 1] for lines in ax.collections for segment in lines.get_segments())
    assert (low, high) == pytest.approx((100 * row[f"{drawn}_low"], 100 * row[f"{drawn}_high"]))
    assert said in ax.get_legend().get_title().get_text()


def test_places_without_coordinates_take_no_interval_from_the_others():
    places, asked = known_places(), {"tasks": ["land_cover"], "prompts": ["names"], "composites": [12]}
    some = places.take(np.arange(1, 48))
    at = places.lonlats.copy()
    at[0] = np.nan
    lost = PlaceDataset(places.values, at, places.labels, places.ids)
    oracle = Oracle(tn.tasks["land_cover"])
    with pytest.warns(UserWarning, match="1 of 48 places have no coordinates; intervals over blocks are of"):
        found = tn.report(oracle, lost, **asked, progress=False)
    blocked = ["top1_block_low", "top1_block_high"]
    pd.testing.assert_frame_equal(
        found.scores[blocked], tn.report(oracle, some, **asked, progress=False).scores[blocked]
    )
    nowhere = PlaceDataset(places.values, at * np.nan, places.labels, places.ids)
    found = tn.report(oracle, nowhere, **asked, progress=False)
    assert found.layout("top1_block_low", paper=False).isna().all(axis=None)
    with pytest.raises(ValueError, match="score='f2'; the report has places, classes, top1, top1_low"):
        found.layout("f2")


def test_a_task_without_any_class_is_said():
    places = known_places()
    strange = {**places.labels, "habitat": np.full(48, "99")}
    given = PlaceDataset(places.values, places.lonlats, strange, places.ids)
    with pytest.warns(UserWarning, match=r"habitat: 48 of 48 places have a label that is no class .* \(99\)"):
        found = tn.report(Oracle(tn.tasks["land_cover"]), given, composites=12, progress=False)
    assert "habitat" not in set(found.scores["task"])


def test_patches_are_cut_to_what_a_model_reads(sen4map, full):
    whole = read_sen4map(sen4map, crop=None, progress=False)
    assert whole.values.shape[3:] == (EDGE, EDGE)
    found = tn.report(small_model(), whole, resamples=10, progress=False)
    crop = EDGE // 2
    assert centre(whole.series(slice(0, 2)), 1).shape == (2, 12, 10)
    np.testing.assert_array_equal(
        centre(whole.series(slice(0, 2)), 2),
        whole.series(slice(0, 2))[..., crop - 1 : crop + 1, crop - 1 : crop + 1],
    )
    assert len(found.scores) == len(full.scores)
    with pytest.raises(ValueError, match="13 x 13 pixels, the data set has 12 x 12"):
        centre(whole.series(slice(0, 2)), 13)


def test_pictures_for_clip_beside_a_model_of_series(sen4map):
    class Colours(WordTower):
        def encode_photos(self, photos):
            assert photos.dtype == np.uint8
            rows = [
                np.random.default_rng(crc32(p.mean(axis=(0, 1)).round(-1).tobytes())).normal(size=16)
                for p in photos
            ]
            return np.array(rows, dtype=np.float32)

    whole = read_sen4map(sen4map, crop=None, progress=False)
    models = {"CLIP": ImageBaseline(Colours()), "series": small_model()}
    found = tn.report(models, whole, tasks=["land_cover"], composites=[12, 1], resamples=10, progress=False)
    assert found.scores["model"].unique().tolist() == ["CLIP", "series"]
    with pytest.raises(ValueError, match="an image needs patches of at least 8 x 8 pixels"):
        tn.report(ImageBaseline(Colours()), read_sen4map(sen4map, progress=False), progress=False)


def test_true_colour_is_red_green_blue_of_the_median():
    from timesen_nb.plots.true_colour import patch_images

    values = np.full((1, 3, 10, 8, 8), np.nan, dtype=np.float32)
    values[0, 0], values[0, 1] = 1000, 2000
    values[0, :2, tn.BANDS.index("B4")] = 6000  # over white
    values[0, :2, tn.BANDS.index("B2")] = 0
    values[0, :, :, 0, 0] = np.nan
    picture = patch_images(values)
    assert picture.shape == (1, 8, 8, 3)
    assert picture[0, 1, 1].tolist() == [255, 128, 0]
    assert picture[0, 0, 0].tolist() == [0, 0, 0]


def test_models_that_know_absent_bands_read_more_places():
    values = np.full((3, 12, 10), 500.0, dtype=np.float32)
    values[0, :, 7] = np.nan  # no B8A
    values[1] = np.nan
    places = PlaceDataset(values, np.zeros((3, 2)), {"land_cover": ["Water"] * 3}, range(3))
    config = EncoderConfig(width=32, depth=1, heads=2, embedding=16, absent_bands=True)
    knows = TimeSenCLIP(SeriesEncoder(config), WordTower())
    assert readable_places([knows], places).tolist() == [0, 2]
    assert readable_places([object()], places).tolist() == [2]  # of no encoder
    assert readable_places([knows, small_model()], places).tolist() == [2]
    ablation = TimeSenCLIP(make_encoder("mlp", width=16, embedding=16, absent_bands=True), WordTower())
    assert readable_places([ablation], places).tolist() == [0, 2]
    assert tn.report(knows, places, progress=False).left_out == 1


@pytest.mark.parametrize("code", [0, 65535])
def test_a_place_without_any_value_is_left_out_and_no_code_enters_a_composite(code):
    places = simulated_dataset(40)
    gaps = places.series()
    gaps[::3, ::2] = np.nan
    gaps[3] = np.nan
    model, asked = tn.load("pocket"), {"tasks": "land_cover", "prompts": "names", "progress": False}
    expected = tn.report(model, places.with_values(gaps), **asked)
    with pytest.warns(UserWarning, match="65535") if code else nullcontext():
        found = tn.report(model, places.with_values(np.where(np.isnan(gaps), code, gaps)), **asked)
    assert found.left_out == expected.left_out == 1
    pd.testing.assert_frame_equal(found.scores, expected.scores)
    for key, answers in expected.answers.items():
        np.testing.assert_array_equal(found.answers[key].confidence, answers.confidence)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tasks": ["land_use"]}, "no labels for land_use"),
        ({"tasks": ["meadows"]}, "expected one of land_cover"),
        ({"composites": [6]}, "expected some of 12, 4 and 1"),
        ({"prompts": ["poems"]}, "prompts='poems'"),
        ({"prompts": "poems"}, "prompts='poems'"),
        ({"prompts": []}, "no prompts given; expected some of names, template"),
        ({"tasks": "meadows"}, "expected one of land_cover"),
        ({"model": []}, "no model given"),
        (
            {"dataset": PlaceDataset(np.full((1, 12, 10), 900), [[0, 0]], {"land_cover": ["?"]}, [0])},
            "no place with",
        ),
        ({"dataset": PlaceDataset(np.ones((1, 12, 10)), [[0, 0]], {}, [0])}, "no labels for any task"),
    ],
)
def test_what_cannot_be_reported_is_refused(change, reason):
    given = {"model": Oracle(tn.tasks["land_cover"]), "dataset": known_places(), "progress": False} | change
    with pytest.raises(ValueError, match=reason):
        tn.report(given.pop("model"), given.pop("dataset"), **given)


def test_one_of_each_is_enough_and_twice_is_once():
    def scored(**given):
        return tn.report(Oracle(tn.tasks["land_cover"]), known_places(), progress=False, **given).scores

    once = scored(tasks="land_cover", prompts="names", composites=12)
    twice = scored(tasks=["land_cover"] * 2, prompts=("names", "names"), composites=(12, 12))
    pd.testing.assert_frame_equal(once, twice)
    assert len(once) == 1


def test_sizes_of_sets_are_no_percent():
    places = simulated_dataset(40)
    found = tn.report(
        tn.load("pocket"), places, tasks="land_cover", prompts="names", composites=12, progress=False
    )
    assert found.layout("set_size", paper=False).iloc[0, 0] == found.scores["set_size"].iloc[0]
    assert found.layout("coverage", paper=False).iloc[0, 0] == 100 * found.scores["coverage"].iloc[0]


def test_a_report_shows_itself(full):
    import matplotlib.pyplot as plt

    assert "paper: TimeSenCLIP" in full._repr_html_()
    assert "2 places without any month left out" in repr(full)
    ax = full.plot(composites=1)
    assert [t.get_text() for t in ax.get_xticklabels()][:2] == ["land cover", "land use"]
    assert len(ax.patches) == 6 * 3
    plt.close("all")
    assert full.reliability("land_cover")["places"].sum() == 118
    with pytest.raises(ValueError, match="the report has bioregion by descriptions"):
        full.one("meadows")


def test_simulated_places_are_called_so_in_every_table_and_picture(full, tmp_path):
    places = simulated_dataset(60, seed=9)
    assert repr(places.take([1, 2]).with_values(places.values[:2])).startswith("<2 simulated places:")
    found = tn.report(
        tn.load("pocket"), places.split((0.9, 0.1))[0], tasks=["land_cover"], composites=[12], resamples=5,
        progress=False,
    )  # fmt: skip
    shown = (repr(found), found._repr_html_(), found.to_csv(tmp_path / "r.csv").read_text())
    assert all("model, simulated places" in text for text in shown)
    assert found.plot().get_title(loc="left") == "model, simulated places, T = 12"
    assert "simulated" not in repr(full) + full.plot().get_title(loc="left")


def test_simulated_places_are_labelled_by_what_grows_there():
    places = simulated_dataset(200, seed=9)
    assert set(places.labels) == {"land_cover", "crops", "habitat"}
    assert (places.labels["land_cover"] != "").all()
    crop = places.labels["crops"] != ""
    assert (crop == (places.labels["land_cover"] == "Cropland")).all()
    again = simulated_dataset(200, seed=9)
    np.testing.assert_array_equal(places.series(), again.series())
