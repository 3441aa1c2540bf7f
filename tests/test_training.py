"""A run of cross-view training: it learns, logs, says how far it is, and gives back its best."""

import copy
import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from pairs_world import CLASSES, TOWER, make_pairs, small_encoder
from training_runs import QUICK, fit, same_weights, stopped_at

import timesen_nb as tn
from timesen_nb.datasets.pairs import Pairs
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.training import TrainingOptions, plot_metrics
from timesen_nb.training.loop import find_dtype
from timesen_nb.training.loss import Learner
from timesen_nb.training.run_folder import COLUMNS

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A run of some seconds, its folder, what it printed and the pairs it was judged by."""
    folder, validation = tmp_path_factory.mktemp("run"), make_pairs(64, seed=7)
    encoder = small_encoder()
    before = copy.deepcopy(encoder.state_dict())
    model = fit(make_pairs(256), encoder, epochs=25, folder=folder, validation=validation, classes=CLASSES)
    unchanged = all(torch.equal(v, encoder.state_dict()[k]) for k, v in before.items())
    return model, folder, validation, unchanged


def test_series_go_where_their_photos_are(learned):
    model, _, validation, _ = learned
    zs = model.zero_shot(list(CLASSES))
    right = np.array(zs.predict(validation.series())) == validation.labels
    assert right.mean() > 0.9


def test_the_model_given_stays_as_it_is(learned):
    assert learned[3]


def test_log_has_a_row_an_epoch_and_accuracy_and_recall_rise(learned):
    log = pd.read_csv(learned[1] / "metrics.csv")
    assert tuple(log.columns) == COLUMNS
    assert log["epoch"].tolist() == list(range(1, 26))
    assert log["step"].tolist() == [8 * e for e in range(1, 26)]
    assert log["loss"].iloc[-1] < log["loss"].iloc[0]
    for column in ("accuracy", "recall_at_1"):
        assert log[column].iloc[-1] > max(0.8, log[column].iloc[0])
    assert log["scale"].between(1, 100).all()


def test_plot_shows_loss_and_what_was_measured(learned):
    assert (learned[1] / "loss.png").read_bytes()[:4] == b"\x89PNG"
    ax = plot_metrics(learned[1])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "InfoNCE loss", "zero-shot accuracy", "Recall@1 by class",
    ]  # fmt: skip
    assert all(tick == int(tick) for tick in ax.get_xticks())  # no half of an epoch
    with pytest.raises(FileNotFoundError, match=r"metrics\.csv"):
        plot_metrics(learned[1] / "elsewhere")


def test_a_trained_model_saves_loads_and_trains_on(learned, tmp_path):
    model, _, validation, _ = learned
    again = tn.load(model.save(tmp_path / "m.safetensors"), tower=TOWER)
    x = validation.series([0, 1])
    assert np.array_equal(model.encode(x), again.encode(x))
    further = tn.fit(again, make_pairs(64), **{**QUICK, "tower": None, "epochs": 1, "learning_rate": 1e-6})
    assert (further.encode(x) * model.encode(x)).sum(1).min() > 0.999  # goes on from where it was


def test_a_finished_run_is_not_run_again(learned, monkeypatch):
    model, folder, validation, _ = learned
    monkeypatch.setattr(Learner, "forward", None)  # would fail if a step were made
    again = fit(make_pairs(256), epochs=25, folder=folder, validation=validation, classes=CLASSES)
    assert same_weights(model, again)


def test_the_same_seed_gives_the_same_weights_and_torch_s_own_chance_is_left_alone():
    encoder = small_encoder()
    torch.manual_seed(5)
    first = fit(encoder=encoder, epochs=1)
    drawn = torch.rand(1)
    assert same_weights(first, fit(encoder=encoder, epochs=1))
    assert not same_weights(first, fit(encoder=encoder, epochs=1, seed=1))
    torch.manual_seed(5)
    assert drawn == torch.rand(1)


def test_options_are_given_as_an_object_by_name_or_both():
    options = {**QUICK, "epochs": 1}
    encoder, pairs = small_encoder(), make_pairs()
    by_name = tn.fit(encoder, pairs, **options)
    assert same_weights(by_name, tn.fit(encoder, pairs, TrainingOptions(**options)))
    assert same_weights(
        by_name, tn.fit(encoder, pairs, TrainingOptions(**{**options, "epochs": 2}), epochs=1)
    )
    with pytest.raises(TypeError, match=r"options given: epoch; expected some of targets, .*epochs"):
        tn.fit(encoder, pairs, epoch=1)


def test_every_option_is_documented_with_its_meaning():
    documented = TrainingOptions.__doc__.split("Attributes:")[1]
    for field in dataclasses.fields(TrainingOptions):
        assert f"\n        {field.name}: " in documented


@pytest.mark.parametrize(("start", "sign"), [(99.0, -1), (1.01, 1)])
def test_the_learned_temperature_stays_between_1_and_a_hundredth(monkeypatch, start, sign):
    """A loss that asks for nothing but a larger scale, or a smaller one."""
    monkeypatch.setattr(Learner, "forward", lambda self, *batch: sign * self.log_scale)
    model = TimeSenCLIP(small_encoder(), TOWER, logit_scale=start)
    trained = tn.fit(model, make_pairs(), **{**QUICK, "learning_rate": 0.05})
    assert trained.logit_scale == pytest.approx({-1: 100.0, 1: 1.0}[sign], rel=1e-5)


def test_progress_says_step_epoch_loss_and_accuracy(capsys):
    fit(epochs=1, progress=True, validation=make_pairs(32, seed=3))
    said = capsys.readouterr().err
    for part in ("training: 100%", "4/4", "epoch=1", "loss=", "zero-shot="):
        assert part in said
    fit(epochs=1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("option", [{"pooling": p} for p in ("attention_image", "attention_dimension", "random")]
                         + [{"spectral_masking": True}, {"augment": False}, {"memory_bank": 0}])  # fmt: skip
def test_every_option_trains(option, tmp_path):
    fit(epochs=1, folder=tmp_path, **option)
    assert np.isfinite(pd.read_csv(tmp_path / "metrics.csv")["loss"]).all()


def test_bf16_computes_in_half_and_keeps_weights_whole(monkeypatch):
    seen = []
    real = torch.nn.functional.linear
    monkeypatch.setattr(torch.nn.functional, "linear", lambda *a: seen.append((y := real(*a)).dtype) or y)
    model = fit(epochs=1, precision="bf16")
    assert torch.bfloat16 in seen
    assert {p.dtype for p in model.encoder.parameters()} == {torch.float32}


def test_fp16_scales_its_loss_and_goes_on_with_the_same_scale(tmp_path):
    options = {"precision": "fp16", "checkpoint_every": 4, "folder": tmp_path}
    whole = fit(**{**options, "folder": None})
    with stopped_at(6), pytest.raises(KeyboardInterrupt):
        fit(**options)
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["scaler"]["scale"] > 1
    assert same_weights(whole, fit(**options))
    assert {p.dtype for p in whole.encoder.parameters()} == {torch.float32}
    assert not same_weights(whole, fit())


def test_precision_is_what_the_gpu_can_do(monkeypatch):
    """A GPU such as the T4 imitates bf16 and says that it has it, unless it is asked about imitation."""
    gpu = torch.device("cuda", 0)
    for has_bf16, chosen in ((True, torch.bfloat16), (False, torch.float16)):
        monkeypatch.setattr(
            torch.cuda,
            "is_bf16_supported",
            lambda including_emulation=True, has=has_bf16: has or including_emulation,
        )
        assert find_dtype("auto", gpu) == chosen
        assert find_dtype("fp16", gpu) == torch.float16
        assert find_dtype("32", gpu) == torch.float32
    with pytest.raises(ValueError, match="'fp16', '32' or 'auto'"):
        find_dtype("bf16", gpu)
    assert find_dtype("auto", torch.device("cpu")) == torch.float32


def test_accumulated_batches_are_one_update(tmp_path, monkeypatch):
    """With class names as targets two batches of 16 make the same step as one of 32, of a gradient as large."""
    norms, real = [], torch.nn.utils.clip_grad_norm_
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *a: norms.append(float(real(*a))))
    pairs = Pairs((p := make_pairs(32)).values, labels=p.labels)
    plain = {"encoder": small_encoder(dropout=0.0), "epochs": 2, "augment": False, "clip_gradient": 1e9}
    one = fit(pairs, batch_size=32, **plain)
    two = fit(pairs, batch_size=16, accumulate=2, folder=tmp_path, **plain)
    assert norms[2:] == pytest.approx(norms[:2], rel=1e-3)
    assert pd.read_csv(tmp_path / "metrics.csv")["step"].tolist() == [1, 2]
    assert np.allclose(one.encode(pairs.series([0, 1])), two.encode(pairs.series([0, 1])), atol=1e-4)


def test_every_pair_is_seen_in_every_epoch_however_batches_accumulate(monkeypatch):
    """Five batches by three are an update of three and one of two."""
    seen, real = [], Learner.forward
    monkeypatch.setattr(
        Learner, "forward", lambda s, n, rows, *a: (seen.append(rows), real(s, n, rows, *a))[1]
    )
    options = {"batch_size": 10, "memory_bank": 0, "accumulate": 3, "epochs": 4}
    fit(make_pairs(50), **options)
    assert torch.bincount(torch.cat(seen)).tolist() == [4] * 50


def test_training_stops_when_accuracy_stays_and_the_best_is_returned(tmp_path):
    validation = make_pairs(64, seed=7)
    options = {
        "epochs": 50,
        "patience": 2,
        "validation": validation,
        "learning_rate": 1e-9,
        "folder": tmp_path,
    }
    model = fit(**options)
    log = pd.read_csv(tmp_path / "metrics.csv")
    assert len(log) == 3  # the first is the best; two more do not better it
    right = np.array(model.zero_shot(list(CLASSES)).predict(validation.series()))
    assert (right == validation.labels).mean() == pytest.approx(log["accuracy"].max())
    assert same_weights(model, fit(**options))  # a run that has stopped stays stopped


def test_the_best_weights_are_returned_not_the_last(tmp_path):
    """A learning rate far too high for a model that is right already: it only gets worse."""
    validation = make_pairs(64, seed=7)
    good = fit(make_pairs(256), epochs=12)
    before = np.mean(
        np.array(good.zero_shot(list(CLASSES)).predict(validation.series())) == validation.labels
    )
    options = {
        "epochs": 12,
        "patience": 2,
        "validation": validation,
        "learning_rate": 0.5,
        "warmup_epochs": 3,
    }
    worse = tn.fit(good, make_pairs(), **{**QUICK, **options, "folder": tmp_path})
    log = pd.read_csv(tmp_path / "metrics.csv")
    after = np.mean(
        np.array(worse.zero_shot(list(CLASSES)).predict(validation.series())) == validation.labels
    )
    assert log["accuracy"].iloc[-1] < log["accuracy"].max() <= before
    assert after == pytest.approx(log["accuracy"].max())
