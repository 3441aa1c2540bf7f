"""ONNX files: what ``model.export`` writes runs in ONNX Runtime alone, and comes back by ``tn.load``."""

import json
import pickle
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import timesen_nb as tn
from tests.synthetic import WordTower, small_model
from timesen_nb.composite import annual, quarters
from timesen_nb.model.ablation import make_encoder
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.onnx_file import Graph
from timesen_nb.model.timesenclip import TimeSenCLIP

MONTHS, QUARTERS, YEAR = np.arange(12), np.arange(12, 16), np.array([16])


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model as an ONNX file."""
    return tn.load("pocket").export(tmp_path_factory.mktemp("export") / "new" / "pocket.onnx")


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    """(60, 12, 10) with missing months, missing bands, and one series without anything."""
    rng = np.random.default_rng(0)
    out = rng.uniform(100, 5000, (60, 12, 10)).astype(np.float32)
    out[rng.random((60, 12)) < 0.3] = np.nan
    out[rng.random((60, 12, 10)) < 0.02] = np.nan
    out[7] = np.nan
    return out


def run(path: Path, values: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """The file in ONNX Runtime as it comes, all series at once and nothing left out."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    places = np.broadcast_to(positions, values.shape[:2]).astype(np.int64)
    return session.run(["vectors"], {"values": values, "positions": places})[0]


def test_the_file_alone_gives_the_models_vectors(path: Path, values: np.ndarray) -> None:
    model = tn.load("pocket")
    with np.errstate(all="ignore"):
        few = {12: values, 4: quarters(values), 1: annual(values)}
    for positions in (MONTHS, QUARTERS, YEAR):
        given = few[len(positions)]
        expected = model.encode(given, allow_empty=True)
        np.testing.assert_allclose(run(path, given, positions), expected, atol=1e-6)
        assert np.isnan(expected[7]).all()
    some = values[:, [8, 3, 5]]
    expected = model.encode(some, months=[9, 4, 6], allow_empty=True)
    np.testing.assert_allclose(run(path, some, np.array([8, 3, 5])), expected, atol=1e-6)


def test_every_series_has_positions_of_its_own(path: Path, values: np.ndarray) -> None:
    model, some = tn.load("pocket"), np.nan_to_num(values[:2, :3], nan=900.0)
    both = run(path, some, np.array([[0, 1, 2], [5, 11, 6]]))
    np.testing.assert_allclose(both[0], model.encode(some[:1], months=[1, 2, 3])[0], atol=1e-6)
    np.testing.assert_allclose(both[1], model.encode(some[1:], months=[6, 12, 7])[0], atol=1e-6)
    for wrong in (17, -1):
        with pytest.raises(Exception, match="out of data bounds"):
            run(path, some[:1, :1], np.array([wrong]))


def test_the_file_says_what_it_holds(path: Path) -> None:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    about = json.loads({p.key: p.value for p in model.metadata_props}["timesen_nb"])
    assert about["config"]["bands"] == list(tn.BANDS)
    assert (about["tower"], about["encoder"]) == ("pocket:2", "SeriesEncoder")
    shapes = {
        i.name: [d.dim_param or d.dim_value for d in i.type.tensor_type.shape.dim]
        for i in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {"values": ["N", "T", 10], "positions": ["N", "T"], "vectors": ["N", 128]}
    assert {node.domain for node in model.graph.node} == {""}  # the standard's operators alone
    assert [p.name for p in path.parent.iterdir()] == ["pocket.onnx"]


def test_it_loads_as_a_model(path: Path, values: np.ndarray) -> None:
    model, again = tn.load("pocket"), tn.load(path)
    np.testing.assert_allclose(
        again.encode(values, allow_empty=True), model.encode(values, allow_empty=True), atol=1e-6
    )
    assert again.config == model.config
    assert (again.logit_scale, again.calibrated_logit_scale) == (
        model.logit_scale,
        model.calibrated_logit_scale,
    )
    words = ["maize", "a lake"]
    zs = pickle.loads(pickle.dumps(again.zero_shot(words)))
    np.testing.assert_allclose(
        zs.probabilities(values[:5]), model.zero_shot(words).probabilities(values[:5]), atol=1e-5
    )


def test_a_graph_cannot_be_trained_or_saved(path: Path, tmp_path: Path) -> None:
    model = tn.load(path)
    for use in (
        lambda: model.encoder, lambda: model.save(tmp_path / "a.safetensors"), lambda: model.to("cuda"),
        lambda: model.export(tmp_path / "a.onnx"),
    ):  # fmt: skip
        with pytest.raises(
            ValueError, match=r"loaded from pocket\.onnx.* checkpoint that it was exported from"
        ):
            use()


def test_what_cannot_be_exported_says_so(tmp_path: Path) -> None:
    patches = TimeSenCLIP(
        SeriesEncoder(EncoderConfig(width=16, depth=1, heads=2, embedding=16, patch=5)), WordTower()
    )
    with pytest.raises(ValueError, match=r"patches of 5 x 5 pixels; .* model\.save"):
        patches.export(tmp_path / "a.onnx")
    ablation = TimeSenCLIP(make_encoder("mlp", width=16, embedding=16), WordTower())
    with pytest.raises(ValueError, match=r"encoder is MLP; .* model\.save"):
        ablation.export(tmp_path / "a.onnx")
    with pytest.raises(ValueError, match=r"ends in \.onnx"):
        small_model().export(tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


def test_what_was_trained_is_what_is_exported(tmp_path: Path, values: np.ndarray) -> None:
    model = small_model()
    model.export(tmp_path / "a.onnx")
    before = model.encode(values[:5], allow_empty=True)
    with torch.no_grad():
        model.encoder.mlp_head[1].weight.neg_()
    after = run(model.export(tmp_path / "a.onnx"), values[:5], MONTHS)
    np.testing.assert_allclose(after, model.encode(values[:5], allow_empty=True), atol=1e-6)
    assert np.abs(after - before).max() > 0.01


def test_files_that_are_none_of_ours_are_refused(path: Path, tmp_path: Path) -> None:
    whole, cut = path.read_bytes(), tmp_path / "cut.onnx"
    for share in (0.0, 0.3, 0.999):
        cut.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(ValueError, match=r"cut\.onnx"):
            tn.load(cut)
    graph = Graph()
    other = tmp_path / "other.onnx"
    other.write_bytes(graph.model({"x": ("float32", [2])}, {graph.rename("x", "y"): ("float32", [2])}))
    with pytest.raises(ValueError, match=r"other\.onnx holds a graph but no timesen_nb configuration"):
        tn.load(other)
    with pytest.raises(ValueError, match="options given: heads"):
        tn.load(path, heads=2)


def test_the_writer_writes_what_the_standard_reads() -> None:
    graph = Graph()
    constants = {
        "float32": np.array([[1.5, -2.0]], np.float32), "int64": np.array([-1, 300, 2**40]),
        "int8": np.array([-128, 127], np.int8), "uint8": np.array(200, np.uint8), "bool": np.array([True, False]),
    }  # fmt: skip
    for constant in constants.values():
        graph.constant(constant)
    graph("Conv", "x", np.zeros((1, 1, 3, 3), np.float32), strides=(2, 1), group=1)
    graph("LeakyRelu", "x", alpha=0.25)
    a, b = graph("Split", "x", outputs=2, axis=-1, num_outputs=2)
    read = onnx.load_from_string(
        graph.model(
            {"x": ("float32", ["N", 1, 4, 4])},
            {graph.rename(a, "out"): ("float32", ["N", 1, 4, 2])},
            {"k": "é"},
        )
    )
    onnx.checker.check_model(read)
    found = {
        onnx.numpy_helper.to_array(t).dtype.name: onnx.numpy_helper.to_array(t)
        for t in read.graph.initializer[:5]
    }
    for name, constant in constants.items():
        np.testing.assert_array_equal(found[name], constant)
        assert found[name].shape == constant.shape
    attributes = {x.name: onnx.helper.get_attribute_value(x) for n in read.graph.node for x in n.attribute}
    assert attributes == {"strides": [2, 1], "group": 1, "alpha": 0.25, "axis": -1, "num_outputs": 2}
    assert (read.metadata_props[0].key, read.metadata_props[0].value) == ("k", "é")
    assert a != b
