"""Models to files and back, and from a hub that runs on this machine."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

import timesen_nb as tn
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.model.towers.pocket import PocketTower

CONFIG = EncoderConfig(
    width=32, depth=2, heads=4, feedforward=24, embedding=128, absent_bands=True, dropout=0.1
)


@pytest.fixture
def model() -> TimeSenCLIP:
    torch.manual_seed(0)
    return TimeSenCLIP(SeriesEncoder(CONFIG), PocketTower(), logit_scale=21.5, calibrated_logit_scale=12.25)


@pytest.fixture
def values() -> np.ndarray:
    out = np.random.default_rng(0).uniform(100, 4000, (5, 12, 10)).astype(np.float32)
    out[1, 3:6] = np.nan
    return out


def test_a_model_comes_back_as_it_was(model: TimeSenCLIP, values: np.ndarray, tmp_path: Path) -> None:
    path = model.save(tmp_path / "new" / "model.safetensors")
    again = tn.load(path)
    np.testing.assert_array_equal(again.encode(values), model.encode(values))
    assert again.encoder.config == CONFIG
    assert (again.logit_scale, again.calibrated_logit_scale, again.tower.name) == (21.5, 12.25, "pocket")
    assert not again.encoder.training
    np.testing.assert_array_equal(tn.load(str(path)).encode(values), model.encode(values))


def test_the_file_says_what_it_holds(model: TimeSenCLIP, tmp_path: Path) -> None:
    path = model.save(tmp_path / "model.safetensors")
    with safe_open(path, "pt") as file:
        about = json.loads(file.metadata()["timesen_nb"])
    assert about["config"]["bands"] == list(tn.BANDS)
    assert about["config"]["offset"] == list(CONFIG.offset)
    assert about["tower"] == "pocket"
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]


def test_a_model_without_absent_bands_and_another_patch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = EncoderConfig(width=16, depth=1, heads=2, embedding=128, patch=5, annual_position="january")
    model = TimeSenCLIP(SeriesEncoder(config), PocketTower())
    patches = np.random.default_rng(0).uniform(100, 4000, (3, 12, 10, 5, 5)).astype(np.float32)
    again = tn.load(model.save(tmp_path / "model.safetensors"))
    np.testing.assert_array_equal(again.encode(patches), model.encode(patches))


def rewrite(path: Path, change: dict[str, object], drop: str = "") -> Path:
    """The file with something else in its configuration, or without a tensor."""
    with safe_open(path, "pt") as file:
        about = json.loads(file.metadata()["timesen_nb"]) | change
        tensors = {k: file.get_tensor(k) for k in file.keys() if k != drop}  # noqa: SIM118 - no mapping
    save_file(tensors, path, {"timesen_nb": json.dumps(about)})
    return path


def test_what_does_not_fit_is_refused(model: TimeSenCLIP, tmp_path: Path) -> None:
    path = model.save(tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=r"missing transformer\.layers\.1\.norm1\.bias"):
        tn.load(rewrite(path, {}, drop="transformer.layers.1.norm1.bias"))
    with pytest.raises(ValueError, match="format version 99"):
        tn.load(rewrite(model.save(path), {"version": 99}))
    with pytest.raises(ValueError, match="encoder 'Magic'"):
        tn.load(rewrite(model.save(path), {"encoder": "Magic"}))
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="no timesen_nb configuration"):
        tn.load(path)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_cut_off_file_is_refused(model: TimeSenCLIP, tmp_path: Path, share: float) -> None:
    whole = model.save(tmp_path / "model.safetensors").read_bytes()
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match=r"cut\.safetensors"):
        tn.load(cut)


def test_a_write_that_fails_leaves_the_old_file(
    model: TimeSenCLIP, values: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = model.save(tmp_path / "model.safetensors")

    def full(*args: object, **kwargs: object) -> None:
        Path(str(args[1])).write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr("safetensors.numpy.save_file", full)
    with pytest.raises(OSError, match="no space"):
        model.save(path)
    np.testing.assert_array_equal(tn.load(path).encode(values), model.encode(values))


def test_names_that_are_no_model(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="expected 'pocket', a file that exists"):
        tn.load(tmp_path / "nowhere.ckpt")
    with pytest.raises(ValueError, match="expected hf:OWNER/REPO/FILE"):
        tn.load("hf:just-a-name")


def test_options_that_the_file_answers_itself(model: TimeSenCLIP, tmp_path: Path) -> None:
    path = model.save(tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="options given: heads"):
        tn.load(path, heads=2)
    with pytest.raises(ValueError, match=r"clip:RN50:openai, has vectors of 1024 numbers; .* of 128"):
        tn.load(path, tower="clip:RN50:openai")
    assert tn.load(path, tower=PocketTower()).tower.name == "pocket"


class Hub(BaseHTTPRequestHandler):
    """Answers as the Hugging Face hub does for one repository."""

    content = b""
    asked: list[str]

    def log_message(self, *args: object) -> None: ...

    def do_HEAD(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        if self.path != "/me/model/resolve/main/folder/model.safetensors":
            missing = "EntryNotFound" if self.path.startswith("/me/model/") else "RepoNotFound"
            self.send_response(404)
            self.send_header("X-Error-Code", missing)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("X-Repo-Commit", "c" * 40)
        self.send_header("ETag", f'"{hashlib.sha256(self.content).hexdigest()}"')
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(self.content)

    do_GET = do_HEAD


@pytest.fixture
def hub(model: TimeSenCLIP, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was asked of the hub."""
    Hub.content = model.save(tmp_path / "model.safetensors").read_bytes()
    Hub.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        at(monkeypatch, f"http://127.0.0.1:{server.server_port}", tmp_path / "hub")
        yield Hub.asked
        server.shutdown()
        thread.join()


def at(monkeypatch: pytest.MonkeyPatch, endpoint: str, cache: Path) -> None:
    """What HF_ENDPOINT and HF_HOME say before the hub's library is imported."""
    where = "huggingface_hub.constants."
    monkeypatch.setattr(where + "ENDPOINT", endpoint)
    monkeypatch.setattr(
        where + "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(where + "HF_HUB_CACHE", str(cache))


def test_a_file_of_the_hub_is_fetched_once(model: TimeSenCLIP, values: np.ndarray, hub: list[str]) -> None:
    for _ in range(2):
        again = tn.load("hf:me/model/folder/model.safetensors")
        np.testing.assert_array_equal(again.encode(values), model.encode(values))
    assert sum(a == "GET /me/model/resolve/main/folder/model.safetensors" for a in hub) == 1


def test_what_the_hub_does_not_have(hub: list[str]) -> None:
    with pytest.raises(FileNotFoundError, match=r"no 'other\.ckpt' in me/model"):
        tn.load("hf:me/model/other.ckpt")
    with pytest.raises(FileNotFoundError, match="hf auth login"):
        tn.load("hf:nobody/nothing/model.safetensors")


def test_without_a_network(
    model: TimeSenCLIP, values: np.ndarray, hub: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tn.load("hf:me/model/folder/model.safetensors")
    at(monkeypatch, "http://127.0.0.1:9", tmp_path / "hub")  # nobody is there
    monkeypatch.setattr(
        "huggingface_hub.utils._http.time.sleep", lambda _: None
    )  # between the library's attempts
    with pytest.raises(ConnectionError, match=r"Connect once, .* tn\.load\('pocket'\) needs no network"):
        tn.load("hf:me/model/another.safetensors")
    again = tn.load("hf:me/model/folder/model.safetensors")  # what was fetched before still does
    np.testing.assert_array_equal(again.encode(values), model.encode(values))
