"""Accuracy of a taught classifier at its own labels, by spatial blocks."""

import numpy as np
import pytest

import timesen_nb as tn
from timesen_nb.evaluation import accuracy_by_blocks, effective_number, wilson

D, KM = 32, 1 / 111.32


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def words() -> tn.ZeroShot:
    return tn.ZeroShot(["maize", "meadow"], unit(np.eye(2, D)), 30.0, np.asarray)


def spread(n: int, km: float = 5.0) -> np.ndarray:
    """Places so far apart that each has a block of its own."""
    return np.column_stack([np.full(n, 4.0), 50 + km * KM * np.arange(n)])


def test_wilson_gives_the_published_intervals() -> None:
    """Newcombe 1998 (Statistics in Medicine 17, table I, method 3): 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    for right, n, low, high in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611),
                                (1, 29, 0.0061, 0.1718)]:  # fmt: skip
        assert wilson(right / n, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("share", "n"), [(80, 100), (-0.1, 100), (np.nan, 100), (0.5, 0), (0.5, -3)])
def test_a_share_that_is_none_has_no_interval(share: float, n: float) -> None:
    with pytest.raises(ValueError, match="a share from 0 to 1"):
        wilson(share, n)


def test_alike_places_count_as_one() -> None:
    assert effective_number(np.arange(12)) == 12
    assert effective_number(np.repeat([0, 1, 2], 4)) == pytest.approx(3)
    assert effective_number(np.zeros(5)) == 1
    assert effective_number(np.array([0, 0, 0, 1])) == pytest.approx(1.6)


def test_neighbours_that_give_each_other_away_prove_nothing() -> None:
    """Fields whose light is their own: what stands there is known from the same field alone."""
    rng = np.random.default_rng(0)
    fields = unit(rng.normal(size=(24, D)))
    labels = rng.permutation(np.repeat([0, 1], 12))
    x = unit(np.repeat(fields, 5, axis=0) + 0.05 * rng.normal(size=(120, D)))
    y, places = np.repeat(labels, 5), np.repeat(spread(24), 5, axis=0)
    taught = words().teach_vectors(x, ["maize" if k == 0 else "meadow" for k in y])
    by_place = accuracy_by_blocks(taught, spread(120))
    by_field = accuracy_by_blocks(taught, places)
    assert by_place.accuracy > 0.9
    assert by_field.accuracy < 0.7
    assert by_field.blocks == 24
    assert by_field.effective == pytest.approx(24)
    low, high = by_field.interval
    assert low < 0.5 < high
    assert by_field.interval == wilson(by_field.accuracy, 24)


def test_labels_that_light_bears_out_are_told_so() -> None:
    zs = words()
    x = unit(np.repeat(zs.vectors, 15, axis=0) + 0.1 * np.random.default_rng(1).normal(size=(30, D)))
    labels = ["meadow"] * 15 + ["maize"] * 15
    found = accuracy_by_blocks(zs.teach_vectors(x, labels), spread(30))
    assert found.accuracy == 1
    assert found.accuracy_by_words == 0
    assert found.enough
    np.testing.assert_array_equal(found.table, [[15, 0], [0, 15]])
    assert found.tally.recall.tolist() == [1, 1]
    assert str(found) == (
        "100% of 30 labelled places are right, each judged by the labels of other blocks (30 blocks of 1 km; 95 % "
        "interval 89% to 100%)."
    )


@pytest.mark.parametrize(
    ("places", "where"), [(spread(6), "6 blocks of 1 km"), (spread(6, 0.001), "one block")]
)
def test_too_few_are_said_to_be_too_few(places: np.ndarray, where: str) -> None:
    zs = words()
    x = unit(np.repeat(zs.vectors, 3, axis=0))
    found = accuracy_by_blocks(zs.teach_vectors(x, ["maize"] * 3 + ["meadow"] * 3), places)
    assert found.accuracy == 1
    assert not found.enough
    assert str(found).startswith(f"Too few to tell: 6 labelled places in {where},")


def test_a_class_of_one_block_is_named() -> None:
    zs = words()
    x = unit(np.repeat(zs.vectors, [20, 2], axis=0))
    places = np.concatenate([spread(20), spread(2, 0.001) + 10])
    found = accuracy_by_blocks(zs.teach_vectors(x, ["maize"] * 20 + ["meadow"] * 2), places)
    assert found.alone == ["meadow"]
    assert str(found).endswith("In one block alone, so not taught when it is judged: meadow.")


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Blocks whose places are right or wrong together: places counted one by one would promise too much."""
    rng = np.random.default_rng(2)
    held = {"blocks": 0, "places": 0}
    for _ in range(400):
        right = np.repeat(rng.random(15) < 0.8, 8)
        for how, n in (("blocks", effective_number(np.repeat(np.arange(15), 8))), ("places", 120)):
            low, high = wilson(right.mean(), n)
            held[how] += low <= 0.8 <= high
    assert held["blocks"] / 400 > 0.92
    assert held["places"] / 400 < 0.7


def test_many_blocks_are_left_out_in_parts() -> None:
    zs = words()
    x = unit(np.repeat(zs.vectors, 40, axis=0) + 0.1 * np.random.default_rng(3).normal(size=(80, D)))
    found = accuracy_by_blocks(zs.teach_vectors(x, ["meadow"] * 40 + ["maize"] * 40), spread(80))
    assert found.accuracy == 1
    assert found.blocks == 80


@pytest.mark.parametrize(
    ("lonlats", "block_km", "words_of_it"),
    [(spread(5), 1.0, r"\(5, 2\) were given for 6 labels"), (spread(6) * [np.nan, 1], 1.0, "not on Earth"),
     (spread(6) + 500, 1.0, "not on Earth"), (spread(6), 0.0, "block_km=0.0"), (spread(6), np.nan, "block_km=nan")],
)  # fmt: skip
def test_what_cannot_be_judged_is_refused(lonlats: np.ndarray, block_km: float, words_of_it: str) -> None:
    zs = words()
    taught = zs.teach_vectors(unit(np.repeat(zs.vectors, 3, axis=0)), ["maize"] * 3 + ["meadow"] * 3)
    with pytest.raises(ValueError, match=words_of_it):
        accuracy_by_blocks(taught, lonlats, block_km)
    with pytest.raises(ValueError, match="taught nothing"):
        accuracy_by_blocks(zs, lonlats)
