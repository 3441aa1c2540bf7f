"""Runs of cross-view training that are killed, stopped and taken up, and runs of several processes."""

import dataclasses
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from pairs_world import CLASSES, TOWER, make_pairs, small_encoder
from training_runs import RESUME, VALIDATION, fit, same_weights, stopped_at

import timesen_nb as tn

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    return fit(folder=folder, validation=VALIDATION, **RESUME), (folder / "metrics.csv").read_text()


@pytest.fixture
def start_child():
    """Starts a program of its own that knows this file, and that ends with the test, also where that fails."""
    children = []
    here = Path(__file__).parent
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(here), os.environ.get("PYTHONPATH", "")])}

    def start(code: str, *arguments: Path | str) -> subprocess.Popen:
        children.append(subprocess.Popen([sys.executable, "-c", code, *arguments], env=env))
        return children[-1]

    yield start
    for child in children:
        child.kill()
        child.wait()


CHILD = """
import sys
import torch
torch.set_num_threads(1)
from training_runs import RESUME, VALIDATION, fit
fit(folder=sys.argv[1], validation=VALIDATION, **RESUME | {"epochs": int(sys.argv[2])})
"""


def test_a_run_killed_with_sigkill_ends_as_one_left_alone(left_alone, start_child, tmp_path):
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
    judged = some | {"folder": tmp_path / "judged", "patience": 1}
    fit(pairs, validation=pairs, **judged)
    with pytest.raises(ValueError, match=r"another run: every place was"):
        fit(pairs, validation=dataclasses.replace(pairs, values=values), **judged)
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


def test_two_runs_do_not_share_a_folder(start_child, tmp_path):
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


def test_a_full_disk_is_said_and_leaves_the_checkpoint_before(tmp_path, small_files):
    with pytest.raises(
        OSError,
        match=r"last\.ckpt could not be written whole.*disk full.*Make room for 0\.\d MB; then the same call goes on",
    ):
        fit(epochs=1, folder=tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["metrics.csv", "run.lock"]  # nothing half written


# several processes -------------------------------------------------------------------------------------------


TWO = """
import sys
from pairs_world import make_pairs, small_encoder
from training_runs import fit
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
from pairs_world import make_pairs
from training_runs import fit
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


def test_two_processes_see_each_other_s_negatives(start_child, tmp_path):
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
