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
from synthetic import small_model

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
    assert (again.logit_scale, again.calibrated_logit_scale, again.tower.name) == (21.5, 12.25, "pocket:2")
    assert not again.encoder.training
    np.testing.assert_array_equal(tn.load(str(path)).encode(values), model.encode(values))


def test_the_file_says_what_it_holds(model: TimeSenCLIP, tmp_path: Path) -> None:
    path = model.save(tmp_path / "model.safetensors")
    with safe_open(path, "pt") as file:
        about = json.loads(file.metadata()["timesen_nb"])
    assert about["config"]["bands"] == list(tn.BANDS)
    assert about["config"]["offset"] == list(CONFIG.offset)
    assert about["tower"] == "pocket:2"
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]


def test_a_model_without_absent_bands_and_another_patch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = EncoderConfig(width=16, depth=1, heads=2, embedding=128, patch=5, annual_position="january")
    model = TimeSenCLIP(SeriesEncoder(config), PocketTower())
    patches = np.random.default_rng(0).uniform(100, 4000, (3, 12, 10, 5, 5)).astype(np.float32)
    again = tn.load(model.save(tmp_path / "model.safetensors"))
    np.testing.assert_array_equal(again.encode(patches), model.encode(patches))


def test_a_tower_of_one_s_own_is_asked_for_by_its_name(model: TimeSenCLIP, tmp_path: Path) -> None:
    tower = PocketTower(name="mine")
    path = TimeSenCLIP(model.encoder, tower).save(tmp_path / "mine.safetensors")
    with pytest.raises(
        ValueError, match=r"mine\.safetensors .* tower 'mine', .* Give the tower itself: .*tower=it"
    ):
        tn.load(path)
    assert tn.load(path, tower=tower).tower is tower


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
    assert tn.load(path, tower=PocketTower()).tower.name == "pocket:2"


DELETE = object()
WRONG: dict[str, tuple[dict[str, object], str]] = {
    "scale of NaN": ({"config.scale": [float("nan")] * 10}, "scale holds nan"),
    "infinite scale": ({"config.scale": [float("inf")] * 10}, "scale holds inf"),
    "negative scale": ({"config.scale": [-1.0] * 10}, "scale holds -1.0; expected positive"),
    "scale of nothing": ({"config.scale": [0.0] * 10}, r"scale holds 0\.0"),
    "scale as text": ({"config.scale": ["1"] * 10}, "scale holds '1'"),
    "one scale": ({"config.scale": [1.0]}, "10 bands with 10 offsets and 1 scales"),
    "scale as a number": ({"config.scale": 3.0}, "scale is 3.0; expected a list"),
    "offset of NaN": ({"config.offset": [float("nan")] * 10}, "offset holds nan"),
    "no heads": ({"config.heads": DELETE}, "lacks heads"),
    "heads of nothing": ({"config.heads": 0}, "heads is 0; expected a whole number from 1"),
    "negative heads": ({"config.heads": -4}, "heads is -4"),
    "heads as text": ({"config.heads": "4"}, "heads is '4'"),
    "half a head": ({"config.heads": 4.5}, "heads is 4.5"),
    "true heads": ({"config.heads": True}, "heads is True"),
    "a band ten times": ({"config.bands": ["B2"] * 10}, "the bands hold B2 more than once"),
    "bands as numbers": ({"config.bands": list(range(10))}, "expected names, such as 'B2'"),
    "no bands": ({"config.bands": [], "config.offset": [], "config.scale": []}, "expected names, such as 'B2'"),
    "a depth of a million": ({"config.depth": 1_000_000}, r"1000000 layers and holds \d+ weights"),
    "a huge width": ({"config.width": 2**40}, "does not fit SeriesEncoder"),
    "a huge embedding": ({"config.embedding": 2**62}, "does not fit SeriesEncoder"),
    "another patch": ({"config.patch": 50_000}, "does not fit SeriesEncoder"),
    "dropout of 7": ({"config.dropout": 7}, "dropout is 7"),
    "absent bands in words": ({"config.absent_bands": "yes"}, "absent_bands is 'yes'"),
    "an unknown setting": ({"config.layers": 3}, "has unknown layers"),
    "no configuration": ({"config": DELETE}, "config is 'missing'"),
    "configuration as a list": ({"config": []}, r"config is \[\]"),
    "no version": ({"version": DELETE}, "version is 'missing'"),
    "version as text": ({"version": "1"}, "version is '1'; expected a whole number"),
    "no tower": ({"tower": DELETE}, "tower is 'missing'"),
    "tower as a number": ({"tower": 7}, "tower is 7; expected a name"),
    "no encoder": ({"encoder": DELETE}, "encoder is 'missing'"),
    "no logit scale": ({"logit_scale": DELETE}, "logit_scale is None"),
    "logit scale of NaN": ({"logit_scale": float("nan")}, "logit_scale is nan"),
    "negative logit scale": ({"logit_scale": -3.0}, "logit_scale is -3.0"),
    "infinite calibration": ({"calibrated_logit_scale": float("inf")}, "calibrated_logit_scale is inf"),
    "logit scale as text": ({"logit_scale": "20"}, "logit_scale is '20'"),
    "another ablation encoder": ({"encoder": "TempCNN", "config.width": 2**40}, "does not fit|no encoder can have"),
}  # fmt: skip


@pytest.mark.parametrize("situation", WRONG)
def test_wrong_metadata_is_said_before_anything_is_built(
    model: TimeSenCLIP, tmp_path: Path, situation: str
) -> None:
    changes, said = WRONG[situation]
    path = model.save(tmp_path / "model.safetensors")
    with safe_open(path, "pt") as file:
        about = json.loads(file.metadata()["timesen_nb"])
        tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118 - no mapping
    for key, value in changes.items():
        place = about["config"] if key.startswith("config.") else about
        if value is DELETE:
            del place[key.removeprefix("config.")]
        else:
            place[key.removeprefix("config.")] = value
    save_file(tensors, path, {"timesen_nb": json.dumps(about)})
    with pytest.raises(ValueError, match=rf"^model\.safetensors .*({said})"):
        tn.load(path)


@pytest.mark.parametrize("words", ["{", "[1]", "3", "null", "[" * 100_000])
def test_a_description_that_is_none_is_refused(model: TimeSenCLIP, tmp_path: Path, words: str) -> None:
    path = model.save(tmp_path / "model.safetensors")
    save_file({"a": torch.zeros(1)}, path, {"timesen_nb": words})
    with pytest.raises(
        ValueError, match=r"^model\.safetensors (has a description|describes its model wrongly)"
    ):
        tn.load(path)


def lie(header: dict[str, dict[str, object]], how: str) -> None:
    """A header that says something else than the file holds."""
    entry = header["class_token"]
    start, end = entry["data_offsets"]  # type: ignore[misc]
    entry |= {
        "shape": {"shape": [1, 1, 10**12]},
        "dtype": {"dtype": "F64"},
        "end": {"data_offsets": [start, end + 4]},  # type: ignore[has-type]
        "far": {"data_offsets": [10**15, 10**15 + 128]},
        "backwards": {"data_offsets": [end, start]},  # type: ignore[has-type]
        "overlap": {"data_offsets": [0, end - start]},  # type: ignore[has-type]
        "negative": {"shape": [-1, 1, 32]},
    }[how]


@pytest.mark.parametrize(
    "how", ["shape", "dtype", "end", "far", "backwards", "overlap", "negative", "length", "huge"]
)
def test_a_header_that_lies_is_refused(model: TimeSenCLIP, tmp_path: Path, how: str) -> None:
    path = model.save(tmp_path / "model.safetensors")
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + length])
    if how in ("length", "huge"):
        path.write_bytes({"length": length - 9, "huge": 2**62}[how].to_bytes(8, "little") + whole[8:])
    else:
        lie(header, how)
        said = json.dumps(header).encode()
        path.write_bytes(len(said).to_bytes(8, "little") + said + whole[8 + length :])
    with pytest.raises(ValueError, match=r"^model\.safetensors is not a whole safetensors file"):
        tn.load(path)


@pytest.mark.parametrize("name", ["model.safetensors", "model.ckpt"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 3\n",
            "is a Git LFS pointer.*git lfs pull",
        ),
        (b"\n<!DOCTYPE html>\n<html><body>Sign in</body></html>", "is a web page.*Download the file itself"),
        (b"<html>404</html>", "is a web page"),
        (b"<?xml version='1.0'?><Error>AccessDenied</Error>", "is an XML answer of a server"),
        (b"", "is empty"),
    ],
)
def test_what_stands_in_the_place_of_weights_is_named(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"{name} {said}"):
        tn.load(tmp_path / name)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "_orig_mod.module.", "module._orig_mod."])
def test_names_of_wrapped_modules_are_read(
    model: TimeSenCLIP, values: np.ndarray, tmp_path: Path, prefix: str
) -> None:
    path = model.save(tmp_path / "model.safetensors")
    with safe_open(path, "pt") as file:
        about = file.metadata()
        tensors = {prefix + k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118 - no mapping
    save_file(tensors, path, about)
    np.testing.assert_array_equal(tn.load(path).encode(values), model.encode(values))
    save_file(tensors | {"class_token": torch.zeros(1, 1, 32)}, path, about)
    with pytest.raises(ValueError, match="the weights of class_token twice"):
        tn.load(path)


def test_weights_of_a_training_that_diverged_are_refused(model: TimeSenCLIP, tmp_path: Path) -> None:
    with torch.no_grad():
        model.encoder.class_token[0, 0, 3] = torch.nan
    path = model.save(tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="weights that are no numbers, in class_token"):
        tn.load(path)


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


def test_a_scale_that_could_not_be_loaded_again_is_not_saved(tmp_path):
    model = small_model()
    model.logit_scale = float("nan")
    with pytest.raises(ValueError, match="logit_scale is nan; expected a positive and finite number"):
        model.save(tmp_path / "scale.safetensors")
    assert list(tmp_path.iterdir()) == []
