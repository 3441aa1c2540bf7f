"""Cross-view training: the loss against known answers; runs that learn, log, stop, resume and say what is wrong."""

import copy
import dataclasses
import io
import math
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from pairs_world import CLASSES, TOWER, make_pairs, small_encoder

import timesen_nb as tn
from timesen_nb.datasets.pairs import Pairs
from timesen_nb.evaluation.validation import LabelledClasses, Validation
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.training import MemoryBank, TrainingOptions, info_nce, plot_metrics
from timesen_nb.training.loop import find_dtype, learning_rate
from timesen_nb.training.loss import Learner
from timesen_nb.training.run_folder import COLUMNS

QUICK = {
    "tower": TOWER,
    "epochs": 3,
    "batch_size": 32,
    "memory_bank": 64,
    "learning_rate": 3e-3,
    "device": "cpu",
    "progress": False,
}


def fit(pairs=None, encoder=None, **options):
    return tn.fit(encoder or small_encoder(), pairs or make_pairs(), **{**QUICK, **options})


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Sums are the same to the last bit only in the same order: as many threads here as in the programs started."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def same_weights(one, other) -> bool:
    a, b = one.encoder.state_dict(), other.encoder.state_dict()
    return all(torch.equal(a[k], b[k]) for k in a) and one.logit_scale == other.logit_scale


def unit(rows) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.tensor(rows, dtype=torch.float32), dim=-1)


# the loss ----------------------------------------------------------------------------------------------------


def loss(satellite, ground, bank=None, rows=None, scale=5.0):
    n = len(ground)
    rows = torch.arange(n) if rows is None else rows
    return float(
        info_nce(satellite, ground, rows, torch.arange(n), torch.tensor(scale), bank or MemoryBank(0, 3))
    )


def test_loss_of_two_orthogonal_places():
    eye = torch.eye(3)[:2]
    assert loss(eye, eye) == pytest.approx(math.log(1 + math.exp(-5)), rel=1e-5)


def test_loss_counts_the_bank_but_not_the_place_itself():
    eye, bank = torch.eye(3)[:2], MemoryBank(2, 3)
    bank.put(torch.eye(3)[[0, 2]], torch.tensor([0, 9]))  # place 0 again, and another one
    # place 0: its own old photo does not count; the other is orthogonal. Place 1: both count.
    expected = (math.log(1 + 2 * math.exp(-5)) + math.log(1 + 3 * math.exp(-5))) / 2
    assert loss(eye, eye, bank) == pytest.approx(expected, rel=1e-5)


def test_loss_leaves_out_series_of_which_nothing_was_left():
    satellite = torch.eye(3)
    satellite[1] = torch.nan
    assert loss(satellite, torch.eye(3)) == pytest.approx(math.log(1 + 2 * math.exp(-5)), rel=1e-5)


def test_gradients_are_numbers_where_a_place_is_in_its_own_bank():
    bank, scale = MemoryBank(2, 3), torch.tensor(5.0, requires_grad=True)
    bank.put(torch.eye(3)[:2], torch.arange(2))
    satellite = unit([[1, 1, 0], [0, 1, 1]]).requires_grad_()
    info_nce(satellite, torch.eye(3)[:2], torch.arange(2), torch.arange(2), scale, bank).backward()
    assert torch.isfinite(scale.grad)
    assert torch.isfinite(satellite.grad).all()


def test_bank_holds_the_last_in_the_order_they_came():
    bank = MemoryBank(4, 1)
    for start in (0, 2, 4):
        rows = torch.arange(start, start + 2)
        bank.put(rows[:, None].float(), rows)
        assert bank.filled() == min(start + 2, 4)
        assert sorted(bank.rows.tolist())[-bank.filled() :] == list(range(max(0, start - 2), start + 2))
    assert torch.equal(bank.embeddings[:, 0].long(), bank.rows)


def test_a_batch_of_which_nothing_was_left_has_no_loss_and_no_gradient():
    satellite = torch.full((2, 3), torch.nan, requires_grad=True)
    scale = torch.tensor(5.0, requires_grad=True)
    found = info_nce(satellite * 1, torch.eye(3)[:2], torch.arange(2), torch.arange(2), scale)
    found.backward()
    assert found.item() == 0
    assert scale.grad.item() == 0


def test_learning_rate_rises_then_falls_along_a_cosine():
    rates = np.array([learning_rate(step, 1e-3, 10, 110) for step in range(110)])
    assert rates[:10] == pytest.approx(1e-3 * np.arange(1, 11) / 10)
    assert rates[10:] == pytest.approx(1e-3 * 0.5 * (1 + np.cos(np.pi * np.arange(100) / 100)))


# a run -------------------------------------------------------------------------------------------------------


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


# killed and taken up -----------------------------------------------------------------------------------------

RESUME = {"epochs": 4, "memory_bank": 64, "accumulate": 2, "batch_size": 16, "checkpoint_every": 1}
VALIDATION = make_pairs(32, seed=3)


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    return fit(folder=folder, validation=VALIDATION, **RESUME), (folder / "metrics.csv").read_text()


def start_child(code: str, *arguments: Path | str) -> subprocess.Popen:
    """A program of its own that knows this file."""
    here = Path(__file__).parent
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(here), os.environ.get("PYTHONPATH", "")])}
    return subprocess.Popen([sys.executable, "-c", code, *arguments], env=env)


@contextmanager
def stopped_at(batch: int):
    """The stop button of a notebook: SIGINT in the middle of a batch."""
    done, real = [], Learner.forward

    def stopped(self, *args):
        done.append(1)
        if len(done) == batch:
            signal.raise_signal(signal.SIGINT)
        return real(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "forward", stopped)
        yield


CHILD = """
import sys
import torch
torch.set_num_threads(1)
from test_training import RESUME, VALIDATION, fit
fit(folder=sys.argv[1], validation=VALIDATION, **RESUME | {"epochs": int(sys.argv[2])})
"""


def test_a_run_killed_with_sigkill_ends_as_one_left_alone(left_alone, tmp_path):
    """A real kill of a real process, once it has left a checkpoint, at whatever it is doing then."""
    child = start_child(CHILD, tmp_path, str(RESUME["epochs"]))
    last = tmp_path / "last.ckpt"
    while not last.exists():
        assert child.poll() is None, "the run ended before it left a checkpoint"
        time.sleep(0.002)
    child.send_signal(signal.SIGKILL)
    child.wait()
    killed_at = torch.load(last, weights_only=True)["learner"]["step"]
    assert killed_at < 16
    assert same_weights(left_alone[0], fit(folder=tmp_path, validation=VALIDATION, **RESUME))
    assert (tmp_path / "metrics.csv").read_text() == left_alone[1]


@pytest.mark.parametrize(("batch", "checkpoint_every"), [(1, 1), (8, 1), (13, 3), (23, 5), (31, 1)])
def test_a_run_stopped_by_hand_at_any_batch_goes_on(left_alone, tmp_path, batch, checkpoint_every):
    options = {**RESUME, "checkpoint_every": checkpoint_every, "folder": tmp_path, "validation": VALIDATION}
    with stopped_at(batch), pytest.raises(KeyboardInterrupt, match="was stopped; the same call goes on from"):
        fit(**options)
    assert same_weights(left_alone[0], fit(**options))
    assert (tmp_path / "metrics.csv").read_text() == left_alone[1]


def test_a_run_without_a_folder_says_how_the_next_one_can_go_on():
    with stopped_at(2), pytest.raises(KeyboardInterrupt, match="give folder="):
        fit()


def test_a_folder_of_another_run_is_refused_unless_it_is_to_be_overwritten(tmp_path):
    fit(epochs=1, folder=tmp_path)
    said = r"another run: epochs was 1, now 2.*use its settings; else give another folder, or overwrite=True"
    with pytest.raises(ValueError, match=said):
        fit(epochs=2, folder=tmp_path, warmup_epochs=1)
    with pytest.raises(ValueError, match="start and data"):
        fit(make_pairs(seed=1), epochs=1, folder=tmp_path)
    fresh = fit(make_pairs(seed=1), epochs=2)
    assert same_weights(fresh, fit(make_pairs(seed=1), epochs=2, folder=tmp_path, overwrite=True))
    assert len(pd.read_csv(tmp_path / "metrics.csv")) == 2
    assert same_weights(
        fresh, fit(make_pairs(seed=1), epochs=2, folder=tmp_path)
    )  # the folder's run is the new one


def test_only_what_leaves_the_end_as_it_is_may_change_when_a_run_goes_on(tmp_path):
    first = fit(epochs=1, folder=tmp_path)
    changes = {
        "train_layers": 1, "batch_size": 16, "learning_rate": 1e-3, "weight_decay": 0.1, "memory_bank": 32,
        "warmup_epochs": 1, "augment": False, "spectral_masking": True, "pooling": "random", "seed": 1,
        "precision": "bf16", "accumulate": 2, "clip_gradient": None, "targets": "words",
    }  # fmt: skip
    for name, value in changes.items():
        said = "warmup_steps" if name == "warmup_epochs" else name
        with pytest.raises(ValueError, match=rf"another run: (.*; )?{said} was"):
            fit(folder=tmp_path, **{"epochs": 1, name: value})
    free = {"validate_every": 2, "checkpoint_every": 1, "validation": VALIDATION, "classes": CLASSES}
    assert same_weights(first, fit(epochs=1, folder=tmp_path, **free))


@pytest.mark.parametrize(
    ("name", "value"),
    [("dropout", 0.5), ("heads", 4), ("annual_position", "january"), ("offset", (7.0,) * 10)],
)
def test_a_run_of_another_encoder_is_another_run_though_its_weights_begin_alike(tmp_path, name, value):
    fit(epochs=1, folder=tmp_path)
    with pytest.raises(ValueError, match=f"another run: encoder {name} was .*, now "):
        fit(encoder=small_encoder(**{name: value}), epochs=1, folder=tmp_path)


def test_one_place_that_changed_among_many_makes_another_run(tmp_path):
    """A label that was mended: the same call must not give the model of before."""
    pairs = make_pairs(2400)
    some = {"targets": "words", "epochs": 1, "batch_size": 400, "folder": tmp_path}
    first = fit(pairs, **some)
    assert same_weights(first, fit(pairs, **some))
    labels, values = pairs.labels.copy(), pairs.values.copy()
    labels[1201] = next(name for name in CLASSES if name != labels[1201])
    values[1201, 6] += 1
    for mended in (dataclasses.replace(pairs, labels=labels), dataclasses.replace(pairs, values=values)):
        with pytest.raises(ValueError, match=r"another run: .*every place was"):
            fit(mended, **some)
    assert 1201 not in np.linspace(0, 2399, 1000).astype(int)


def test_with_patience_a_run_goes_on_with_what_it_was_judged_by(tmp_path):
    """The best accuracy of other places, or among other classes, is none to be compared with."""
    judged = {"epochs": 2, "folder": tmp_path, "patience": 1, "validation": VALIDATION}
    first = fit(**judged)
    assert same_weights(first, fit(**judged))
    for name, value in {"validation": make_pairs(32, seed=4), "classes": [*CLASSES, "lake"]}.items():
        with pytest.raises(ValueError, match="another run: validation and classes was"):
            fit(**{**judged, name: value})
    with pytest.raises(ValueError, match="another run: validate_every was 1, now 2"):
        fit(**judged, validate_every=2)


def test_a_checkpoint_that_is_damaged_or_of_others_is_refused(tmp_path):
    fit(epochs=1, folder=tmp_path)
    last = tmp_path / "last.ckpt"
    whole = last.read_bytes()
    foreign = io.BytesIO()
    torch.save({"state_dict": {"a": torch.zeros(1)}, "pytorch-lightning_version": "2.6.6"}, foreign)
    bare = io.BytesIO()
    torch.save(torch.zeros(3), bare)
    for content in (
        whole[:1000],
        whole[: len(whole) // 2],
        b"",
        b"a text",
        foreign.getvalue(),
        bare.getvalue(),
    ):
        last.write_bytes(content)
        with pytest.raises(
            ValueError, match=r"is damaged, or no checkpoint.*Move it away, give another folder"
        ):
            fit(epochs=1, folder=tmp_path)


def test_numbers_of_numpy_are_kept_in_checkpoints_as_numbers(tmp_path):
    options = {"epochs": np.int64(1), "learning_rate": np.float32(1e-3), "folder": tmp_path}
    assert same_weights(fit(**options), fit(**options))


def test_two_runs_do_not_share_a_folder(tmp_path):
    """The other run is a process of its own; what it held is free once it is gone."""
    child = start_child(CHILD, tmp_path, "100000")
    while not (tmp_path / "metrics.csv").exists():
        assert child.poll() is None
        time.sleep(0.01)
    with pytest.raises(RuntimeError, match=r"another run trains in .*give another folder"):
        fit(folder=tmp_path)
    child.kill()
    child.wait()
    fit(epochs=1, folder=tmp_path, overwrite=True)


@pytest.fixture
def small_files():
    """No file can grow beyond 20 kB: writing fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_said_and_leaves_the_checkpoint_before(tmp_path, small_files):
    with pytest.raises(
        OSError, match=r"last\.ckpt \(0\.\d MB\) cannot be written: .*Make room; then the same call goes on"
    ):
        fit(epochs=1, folder=tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["metrics.csv", "run.lock"]  # nothing half written


# several processes -------------------------------------------------------------------------------------------


TWO = """
import sys
from test_training import fit, small_encoder, make_pairs
encoder = small_encoder(dropout=0.0)
fit(make_pairs(missing=0.0), encoder, folder=sys.argv[1], epochs=2, augment=False, devices=2).save(sys.argv[2])
try:
    fit(devices=2, learning_rate=1e30, epochs=9)
except RuntimeError as problem:
    open(sys.argv[3], "w").write(str(problem))
"""

#: Random views, accumulation and early stopping, by torchrun; the second call takes up what the first has left.
LAUNCHED = """
import os, sys, time, torch
from test_training import fit, make_pairs
from timesen_nb.training.run_folder import RunFolder
save = RunFolder.save
RunFolder.save = lambda *folder, **state: (time.sleep(0.5), save(*folder, **state))  # a slow disk
options = {"devices": 2, "batch_size": 16, "memory_bank": 32, "accumulate": 2, "pooling": "random",
           "validation": make_pairs(32, seed=3), "patience": 5, "folder": sys.argv[1], "epochs": 2}
fit(**options)
assert torch.load(sys.argv[1] + "/last.ckpt", weights_only=True)["learner"]["step"] == 8, "not yet written"
model = fit(**options)
model.save(sys.argv[1] + f"/{os.environ['RANK']}.safetensors")
"""


def test_two_processes_see_each_other_s_negatives(tmp_path):
    """Two ranks over gloo, forked from a fresh program, end where one process with the whole batch ends."""
    pairs = make_pairs(missing=0.0)
    one = fit(pairs, small_encoder(dropout=0.0), folder=tmp_path / "one", epochs=2, augment=False)
    assert start_child(TWO, tmp_path / "two", tmp_path / "two.safetensors", tmp_path / "problem").wait() == 0
    two = tn.load(tmp_path / "two.safetensors", tower=TOWER)
    assert one.logit_scale == pytest.approx(two.logit_scale, rel=1e-4)
    assert np.allclose(one.encode(pairs.series([0, 1])), two.encode(pairs.series([0, 1])), atol=1e-3)
    banks = [
        torch.load(tmp_path / d / "last.ckpt", weights_only=True)["learner"]["bank.rows"]
        for d in ("one", "two")
    ]
    assert sorted(banks[0].tolist()) == sorted(banks[1].tolist())
    assert "Try a lower learning_rate" in (tmp_path / "problem").read_text()


def test_processes_of_torchrun_train_one_model(tmp_path):
    (tmp_path / "program.py").write_text(LAUNCHED)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    here = Path(__file__).parent
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(here), os.environ.get("PYTHONPATH", "")])}
    subprocess.run([*torchrun, tmp_path / "program.py", tmp_path / "run"], check=True, env=env)
    one, other = (tn.load(tmp_path / "run" / f"{rank}.safetensors", tower=TOWER) for rank in (0, 1))
    assert same_weights(one, other)
    assert len(pd.read_csv(tmp_path / "run" / "metrics.csv")) == 2


# without torch -----------------------------------------------------------------------------------------------

WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None  # as where it is not installed
import timesen_nb as tn
from timesen_nb.training import TrainingOptions, plot_metrics
TrainingOptions(epochs=3)
try:
    tn.fit
except ImportError as problem:
    print(problem)
"""


def test_without_torch_options_and_plots_are_there_and_fit_says_what_to_install():
    ran = subprocess.run([sys.executable, "-c", WITHOUT_TORCH], check=True, capture_output=True, text=True)
    assert "tn.fit needs torch" in ran.stdout
    assert 'pip install "timesen_nb[train]"' in ran.stdout


# bad input ---------------------------------------------------------------------------------------------------

NO_LABELS = Pairs(make_pairs(32).values, make_pairs(32).embeddings)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"batch_size": 256}, "128 pairs for updates of 1 x 256.*batch_size=16"),
        ({"accumulate": 8}, "updates of 8 x 32"),
        ({"memory_bank": 100}, "no multiple of batch_size=32.*Use 96"),
        ({"memory_bank": 50}, "no multiple"),
        ({"batch_size": 0}, "batch_size=0 given"),
        ({"epochs": 0}, "epochs=0"),
        ({"tower": None}, "without a tower"),
        ({"encoder": small_encoder(embedding=24)}, "24 of the encoder, 16 of tower 'words'"),
        ({"pairs": Pairs(NO_LABELS.values, np.ones((32, 8)))}, "8 of the photos"),
        ({"pairs": Pairs(NO_LABELS.values[:, :, :3], np.ones((32, 16)))}, r"\[3, 1, 1\] bands.*this encoder reads"),
        ({"device": "cuda", "devices": torch.cuda.device_count() + 1}, "asked for; this machine has"),
        ({"device": "tpu"}, "'auto', 'cpu', 'cuda'"),
        ({"devices": 3}, "shared evenly by 3"),
        ({"precision": "16"}, "'32', 'bf16'"),
        ({"pooling": "max"}, "'average'"),
        ({"pooling": "max", "targets": "words"}, "'average'"),
        ({"augment": "no"}, "augment='no' given; expected True or False"),
        ({"spectral_masking": 0.5}, "spectral_masking=0.5 given; expected True or False"),
        ({"options": {"epochs": 2}}, r"options given: \{'epochs': 2\}; expected TrainingOptions"),
        ({"targets": "sounds"}, "'photos', 'words'"),
        ({"patience": 3}, "without validation"),
        ({"validation": NO_LABELS}, "no labels"),
        ({"validation": VALIDATION, "classes": ["heath", "marsh"]}, "'orchard', 'quarry' are not among"),
        ({"train_layers": 3}, "expected 0 to 2"),
        ({"memory_bank": -32}, "memory_bank=-32 given"),
        ({"batch_size": 32.0}, "batch_size=32.0 given; expected a whole number"),
        ({"learning_rate": 0}, "learning_rate=0 given; expected a number above 0"),
        ({"learning_rate": "1e-3"}, "learning_rate='1e-3' given"),
        ({"weight_decay": -0.1}, "weight_decay=-0.1 given"),
        ({"clip_gradient": 0}, "clip_gradient=0 given"),
        ({"warmup_epochs": 9}, "warmup_epochs=9 given; expected 0 to 3"),
        ({"warmup_epochs": -1}, "warmup_epochs=-1 given; expected a number from 0"),
        ({"pairs": (NO_LABELS.values, NO_LABELS.embeddings)}, "pairs given: a tuple; expected Pairs"),
        ({"validation": Pairs(VALIDATION.values, np.ones((32, 8)), VALIDATION.labels)}, "8 of the photos of val"),
        ({"validation": [1, 2]}, "validation given: a list; expected Pairs"),
        ({"encoder": "pocket"}, r"model given: 'pocket'; expected a model, such as tn\.load"),
        ({"pairs": Pairs(NO_LABELS.values[:, :6], NO_LABELS.embeddings)}, "have 6 composites.*with NaN"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_before_anything_is_done(options, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        fit(folder=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="asks for a folder that nobody can write to")
def test_a_folder_that_may_not_be_written_to_is_said_before_training():
    with pytest.raises(ValueError, match=r"/proc/self/task cannot be written to.*give another folder"):
        fit(folder="/proc/self/task")


def test_a_folder_that_cannot_be_is_said_before_training(tmp_path):
    (tmp_path / "file").write_text("a file, no folder")
    with pytest.raises(ValueError, match=r"cannot be written to.*give another folder"):
        fit(folder=tmp_path / "file")


@pytest.mark.parametrize("targets", ["photos", "words"])
def test_an_encoder_that_gives_no_numbers_any_more_is_no_series_without_months(targets):
    encoder = small_encoder()
    with torch.no_grad():
        encoder.class_token.fill_(torch.nan)
    with pytest.raises(FloatingPointError, match="the loss is nan at step 0"):
        fit(encoder=encoder, targets=targets)


def without_b8a(pairs: Pairs, rows) -> Pairs:
    values = pairs.series()[..., 0, 0]
    values[rows, :, 7] = np.nan
    return dataclasses.replace(pairs, values=values)


def test_places_that_the_encoder_cannot_read_are_said(tmp_path):
    """They have no vector: a loss of 0, and the first class as answer."""
    said = (
        r"{} of {} places of {} have no month that this encoder reads: they lack B8A all year in {} \(rows {}"
    )
    with pytest.raises(ValueError, match=said.format(128, 128, "pairs", 128, "0, 1")):
        fit(without_b8a(make_pairs(), slice(None)), folder=tmp_path / "run")
    with pytest.raises(ValueError, match=said.format(2, 128, "pairs", 2, "5, 9")):
        fit(without_b8a(make_pairs(), [5, 9]), folder=tmp_path / "run")
    with pytest.raises(ValueError, match=said.format(32, 32, "validation", 32, "0, 1")):
        fit(validation=without_b8a(VALIDATION, slice(None)), folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    fit(without_b8a(make_pairs(), [5, 9]), small_encoder(absent_bands=True), epochs=1)


def test_a_place_without_a_vector_is_of_no_class():
    """The first of a row that holds no numbers is no answer."""
    measured = Validation(VALIDATION, LabelledClasses(VALIDATION, CLASSES, TOWER))
    encoder = small_encoder()
    with torch.no_grad():
        encoder.class_token.fill_(torch.nan)
    assert measured(encoder)[0] == 0


def test_a_loss_that_is_no_number_stops_the_run_and_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    real = Learner.forward
    monkeypatch.setattr(
        Learner, "forward", lambda self, *a: real(self, *a) * (math.nan if int(self.step) == 6 else 1)
    )
    with pytest.raises(FloatingPointError, match=r"at step 6.*lower learning_rate"):
        fit(folder=tmp_path, checkpoint_every=2)
    assert int(torch.load(tmp_path / "last.ckpt", weights_only=True)["learner"]["step"]) == 6
