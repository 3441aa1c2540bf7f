"""The ablation's encoders: the same contract as the series encoder's, the same training, the same files."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs_world import CLASSES, TOWER, make_pairs

import timesen_nb as tn
from timesen_nb.datasets.pairs import Pairs
from timesen_nb.model.ablation import ENCODERS, calendar, make_encoder, time_positions
from timesen_nb.model.patch_images import patch_image_encoder, patch_image_series
from timesen_nb.model.timesenclip import TimeSenCLIP

OTHERS = [name for name in ENCODERS if name != "transformer"]
SMALL = {"transformer": {"width": 16, "depth": 1, "heads": 2}, "convtran": {"width": 8, "heads": 2}}
QUICK = {
    "tower": TOWER, "epochs": 2, "batch_size": 32, "memory_bank": 64, "learning_rate": 3e-3, "device": "cpu",
    "progress": False,
}  # fmt: skip


def small(name: str, **config):
    torch.manual_seed(0)
    sizes = SMALL.get(name, {"width": 32, "depth": 2})
    return make_encoder(name, embedding=TOWER.width, **{**sizes, **config})


def model(name: str, **config) -> TimeSenCLIP:
    return TimeSenCLIP(small(name, **config), TOWER)


VALUES = np.random.default_rng(0).uniform(200, 4000, (5, 12, 10)).astype(np.float32)


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_trains_saves_and_loads(name, tmp_path):
    pairs = make_pairs(96)
    trained = tn.fit(small(name), pairs, validation=make_pairs(32, seed=2), folder=tmp_path, **QUICK)
    vectors = trained.encode(VALUES)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    again = tn.load(trained.save(tmp_path / "m.safetensors"), tower=TOWER)
    assert type(again.encoder) is ENCODERS[name]
    assert np.array_equal(again.encode(VALUES), vectors)


@pytest.mark.parametrize("name", OTHERS)
def test_every_encoder_learns(name):
    pairs, test = make_pairs(192), make_pairs(96, seed=5)
    trained = tn.fit(small(name), pairs, **{**QUICK, "epochs": 20, "learning_rate": 1e-2})
    right = np.array(trained.zero_shot(list(CLASSES)).predict(test.series())) == test.labels
    assert right.mean() > 0.8


@pytest.mark.parametrize("name", ENCODERS)
def test_order_and_company_do_not_matter(name):
    encode = model(name).encode
    together = encode(VALUES)
    assert np.allclose(encode(VALUES[::-1])[::-1], together, atol=1e-5)
    assert np.allclose(encode(VALUES[2:3]), together[2:3], atol=1e-5)


@pytest.mark.parametrize("name", OTHERS)
def test_what_stands_in_a_missing_month_does_not_matter(name):
    encode, gaps = model(name).encode, VALUES.copy()
    valid = np.ones((5, 12), bool)
    valid[:, [1, 4]] = False
    gaps[:, 1] = np.nan
    gaps[:, 4, 3] = np.nan  # a band missing makes the month missing
    assert np.allclose(encode(gaps), encode(VALUES, valid=valid), atol=1e-6)
    kept = [0, 2, 3, 5, 6, 7, 8, 9, 10, 11]
    assert np.allclose(encode(VALUES[:, kept], months=[m + 1 for m in kept]), encode(gaps), atol=1e-6)
    assert np.abs(encode(gaps) - encode(VALUES)).max() > 1e-4
    with pytest.raises(ValueError, match="no month"):
        encode(np.full((1, 12, 10), np.nan))


@pytest.mark.parametrize("name", OTHERS)
def test_quarters_and_years_stand_in_each_of_their_months(name):
    encode, quarters = model(name).encode, VALUES[:, :4]
    assert np.allclose(encode(quarters), encode(quarters.repeat(3, axis=1)), atol=1e-6)
    assert np.allclose(encode(VALUES[:, :1]), encode(VALUES[:, :1].repeat(12, axis=1)), atol=1e-6)


@given(st.lists(st.integers(1, 12), min_size=1, unique=True))
def test_calendar_puts_every_composite_into_its_month(months):
    places = calendar(len(months), months)
    assert [places[m - 1] for m in months] == list(range(len(months)))
    assert places.count(len(months)) == 12 - len(months)


@pytest.mark.parametrize(("t", "months"), [(5, None), (2, [1]), (2, [1, 1]), (1, [13])])
def test_months_that_are_none_are_refused(t, months):
    with pytest.raises(ValueError, match="expected"):
        calendar(t, months)


@pytest.mark.parametrize("name", ["transformer", "mlp", "tempcnn"])
@pytest.mark.parametrize("patch", [5, 9, 16])
def test_patches(name, patch):
    patches = np.random.default_rng(1).uniform(200, 4000, (40, 12, 10, patch, patch)).astype(np.float32)
    pairs = Pairs(patches, make_pairs(40).embeddings)
    trained = tn.fit(small(name, patch=patch), pairs, **{**QUICK, "epochs": 1})
    assert trained.encode(patches).shape == (40, TOWER.width)
    with pytest.raises(ValueError, match=rf"year of \[10, {patch}, {patch}\]"):
        tn.fit(small(name, patch=patch), make_pairs(40), **QUICK)


def test_red_green_blue_alone():
    rgb = ("B4", "B3", "B2")
    pairs = make_pairs(64).with_bands(rgb)
    np.testing.assert_array_equal(pairs.values[:, 6], make_pairs(64).values[:, 6][:, [2, 1, 0]])
    encoder = small("transformer", bands=rgb)
    assert encoder.offset.flatten().tolist() == pytest.approx([93.27, 122.0, 67.0])
    trained = tn.fit(encoder, pairs, spectral_masking=False, **{**QUICK, "epochs": 1})
    assert trained.encode(pairs.series([0, 1])).shape == (2, TOWER.width)
    with pytest.raises(ValueError, match="expected some of B2"):
        make_pairs(8).with_bands(("B4", "B99"))
    with pytest.raises(ValueError, match="B99"):
        make_encoder("mlp", bands=("B99",))
    with pytest.raises(ValueError, match="'convtran'"):
        make_encoder("lstm")


class ColourTower(type(TOWER)):
    """Looks at the mean colour of a picture."""

    name, width = "colour", 16

    def encode_photos(self, photos):
        mean = np.asarray(photos, np.float32).mean(axis=(1, 2)) / 255
        out = np.concatenate([mean, np.ones((len(mean), 13))], axis=1).astype(np.float32)
        return out / np.linalg.norm(out, axis=1, keepdims=True)


def test_pictures_of_the_months_in_place_of_their_bands():
    rng = np.random.default_rng(0)
    patches = (
        np.repeat(rng.uniform(200, 3000, (40, 12, 10, 1, 1)), 64, 3)
        .repeat(8, 4)
        .astype(np.float32)[..., :8, :8]
    )
    patches[0, 3] = np.nan
    values = patch_image_series(patches, ColourTower())
    assert values.shape == (40, 12, 16)
    assert np.isnan(values[0, 3]).all()
    assert np.isnan(values).sum() == 16
    assert np.allclose(
        np.linalg.norm(values[1] / 10_000 - 1, axis=1), 1, atol=1e-4
    )  # the tower's own vectors
    encoder = patch_image_encoder(values, embedding=TOWER.width, width=16, depth=1, heads=2)
    trained = tn.fit(encoder, Pairs(values, make_pairs(40).embeddings), **{**QUICK, "epochs": 1})
    assert trained.encode(values).shape == (40, TOWER.width)


@settings(max_examples=10)
@given(st.integers(2, 12), st.sampled_from([8, 16, 64]))
def test_absolute_positions_have_unit_pairs_and_begin_at_zero(length, width):
    table = time_positions(length, width)
    assert table.shape == (length, width)
    assert torch.allclose((table.view(length, -1, 2) ** 2).sum(-1), torch.ones(length, width // 2), atol=1e-5)
    assert table[0].tolist() == [0.0, 1.0] * (width // 2)
