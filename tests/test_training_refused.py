"""What cross-view training cannot do is said before anything is done, or stops the run."""

import dataclasses
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from pairs_world import CLASSES, TOWER, make_pairs, small_encoder
from training_runs import VALIDATION, fit

from timesen_nb.datasets.pairs import Pairs
from timesen_nb.evaluation.validation import LabelledClasses, Validation
from timesen_nb.training.loss import Learner

pytestmark = pytest.mark.usefixtures("one_thread")


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
