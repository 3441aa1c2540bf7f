"""The CLIP tower on small random weights of the real open_clip, and photos in bulk with their cache."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from timesen_nb.model.towers import embed_photos, open_tower
from timesen_nb.model.towers.clip import ClipTower

TEXT = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
ARCHITECTURES = {
    "tiny-vit": {"image_size": 32, "layers": 1, "width": 64, "head_width": 32, "patch_size": 16},
    "tiny-resnet": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 16, "head_width": 16},
}


@pytest.fixture(scope="module", autouse=True)
def architectures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two small architectures that open_clip knows while this module runs, and one of them with QuickGELU."""
    folder = tmp_path_factory.mktemp("architectures")
    for name, vision in ARCHITECTURES.items():
        about = {"embed_dim": 24, "vision_cfg": vision, "text_cfg": TEXT}
        (folder / f"{name}.json").write_text(json.dumps(about))
        (folder / f"{name}-quickgelu.json").write_text(json.dumps(about | {"quick_gelu": True}))
    before = list(open_clip.factory._MODEL_CONFIG_PATHS)
    open_clip.add_model_config(folder)
    yield
    open_clip.factory._MODEL_CONFIG_PATHS[:] = before
    open_clip.factory._MODEL_CONFIGS.clear()
    open_clip.factory._rescan_model_configs()


@pytest.fixture(scope="module", params=list(ARCHITECTURES))
def saved(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, torch.nn.Module]:
    """Architecture, a file of random weights, and the open_clip model that they are of."""
    torch.manual_seed(0)
    model = open_clip.create_model(request.param).eval()
    path = tmp_path_factory.mktemp("weights") / "weights.pt"
    torch.save(model.state_dict(), path)
    return request.param, path, model


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """Five photo files of different sizes."""
    rng = np.random.default_rng(0)
    files = []
    for i in range(5):
        pixels = rng.integers(0, 256, (50 + 10 * i, 90, 3), dtype=np.uint8)
        files.append(str(tmp_path / f"photo{i}.png"))
        Image.fromarray(pixels).save(files[-1])
    return files


class Counting:
    """A tower that counts, and can be stopped after some batches."""

    name, width = "counting", 3

    def __init__(self, batches: int = 1_000_000) -> None:
        self.batches, self.photos = batches, 0

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        raise NotImplementedError

    def encode_photos(self, photos: Any) -> np.ndarray:
        if not self.batches:
            raise KeyboardInterrupt
        self.batches -= 1
        self.photos += len(photos)
        means = np.array(
            [np.asarray(p, dtype=np.float32).mean(axis=(0, 1)) for p in photos], dtype=np.float32
        )
        return means / np.linalg.norm(means, axis=1, keepdims=True)


def test_vectors_are_those_of_open_clip(saved: tuple[str, Path, torch.nn.Module], photos: list[str]) -> None:
    name, path, model = saved
    tower = ClipTower(name, path, device="cpu")
    texts = ["a vineyard in spring", "a salt marsh"]
    prepare = open_clip.image_transform(model.visual.image_size, is_train=False)
    with torch.inference_mode():
        words = model.encode_text(open_clip.get_tokenizer(name)(texts), normalize=True)
        views = model.encode_image(
            torch.stack([prepare(Image.open(p).convert("RGB")) for p in photos]), normalize=True
        )
    np.testing.assert_allclose(tower.encode_text(texts), words.numpy(), atol=1e-6)
    np.testing.assert_allclose(tower.encode_photos(photos), views.numpy(), atol=1e-6)


def test_batches_change_nothing(
    saved: tuple[str, Path, torch.nn.Module], photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, path, _ = saved
    tower = ClipTower(name, path, device="cpu")
    texts = ["maize", "rye", "oats", "rice", "a lake"]
    words, views = tower.encode_text(texts), tower.encode_photos(photos)
    monkeypatch.setattr("timesen_nb.model.towers.clip.TEXTS_AT_ONCE", 2)
    monkeypatch.setattr("timesen_nb.model.towers.clip.PHOTOS_AT_ONCE", 2)
    np.testing.assert_allclose(tower.encode_text(texts), words, atol=1e-6)
    np.testing.assert_allclose(tower.encode_photos(photos), views, atol=1e-6)
    assert tower.encode_text([]).shape == tower.encode_photos([]).shape == (0, 24)


def test_it_is_frozen_and_loads_when_first_needed(
    saved: tuple[str, Path, torch.nn.Module], tmp_path: Path
) -> None:
    name, path, _ = saved
    late = tmp_path / "late.pt"
    tower = open_tower(f"clip:{name}:{late}")  # nothing is there yet
    assert tower.width == 24
    late.write_bytes(path.read_bytes())
    assert np.linalg.norm(tower.encode_text(["a heath"])) == pytest.approx(1, abs=1e-6)
    assert isinstance(tower, ClipTower)
    model = tower._loaded[0]
    assert not model.training
    assert not any(p.requires_grad for p in model.parameters())
    assert tower.name == f"clip:{name}:{late}"


def test_safetensors_and_arrays_do_too(
    saved: tuple[str, Path, torch.nn.Module], photos: list[str], tmp_path: Path
) -> None:
    from safetensors.torch import save_file

    name, path, model = saved
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, tmp_path / "weights.safetensors")
    arrays = np.stack([np.asarray(Image.open(p).convert("RGB").resize((40, 40))) for p in photos])
    a = ClipTower(name, path, device="cpu").encode_photos(list(arrays))
    b = ClipTower(name, tmp_path / "weights.safetensors", device="cpu").encode_photos(arrays)
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["ViT-B-32", "RN50"])
def test_openai_weights_get_quickgelu(name: str) -> None:
    assert ClipTower(name).quick_gelu
    assert ClipTower(name).name == f"clip:{name}:openai"
    assert ClipTower(name).width == {"ViT-B-32": 512, "RN50": 1024}[name]


def test_other_weights_do_not() -> None:
    assert not ClipTower("ViT-B-32", "laion2b_s34b_b79k").quick_gelu


def test_quickgelu_in_the_name_reaches_the_model(tmp_path: Path, photos: list[str]) -> None:
    torch.manual_seed(0)
    torch.save(open_clip.create_model("tiny-vit").state_dict(), tmp_path / "weights.pt")
    plain = ClipTower("tiny-vit", tmp_path / "weights.pt", device="cpu")
    quick = ClipTower("tiny-vit-quickgelu", tmp_path / "weights.pt", device="cpu")
    assert np.abs(plain.encode_photos(photos) - quick.encode_photos(photos)).max() > 1e-4


@pytest.mark.parametrize(
    ("name", "pretrained", "error", "message"),
    [
        ("ViT-B32", "openai", ValueError, "ViT-B-32"),
        ("ViT-B-32", "openay", ValueError, "openai"),
        ("tiny-vit", "nowhere/weights.pt", ValueError, "no such file"),
        (
            "ViT-B-32",
            "openai",
            ConnectionError,
            "Connect to the internet once; or download the weights elsewhere",
        ),
    ],
)
def test_what_cannot_be_had_says_what_to_do(
    name: str,
    pretrained: str,
    error: type[Exception],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(error, match=message):
        ClipTower(name, pretrained, device="cpu").encode_text(["a wood"])


def test_weights_of_another_model_are_refused(
    saved: tuple[str, Path, torch.nn.Module], tmp_path: Path
) -> None:
    name, path, _ = saved
    other = next(n for n in ARCHITECTURES if n != name)
    with pytest.raises(ValueError, match=f"does not hold weights of {other}"):
        ClipTower(other, path, device="cpu").encode_text(["a wood"])
    cut = tmp_path / "cut.pt"
    cut.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="copy the file again"):
        ClipTower(name, cut, device="cpu").encode_text(["a wood"])


def test_a_broken_photo_is_named(saved: tuple[str, Path, torch.nn.Module], tmp_path: Path) -> None:
    name, path, _ = saved
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(ValueError, match=r"text\.jpg cannot be read"):
        ClipTower(name, path, device="cpu").encode_photos([tmp_path / "text.jpg"])
    with pytest.raises(ValueError, match="expected uint8"):
        ClipTower(name, path, device="cpu").encode_photos([np.zeros((8, 8, 3))])


def test_bulk_gives_each_view_its_place(saved: tuple[str, Path, torch.nn.Module], photos: list[str]) -> None:
    name, path, _ = saved
    tower = ClipTower(name, path, device="cpu")
    files = [[photos[0], "", photos[1]], [photos[2], photos[3], photos[0]]]
    vectors, skipped = embed_photos(tower, files, batch_size=2, progress=False)
    assert vectors.shape == (2, 3, 24)
    assert not skipped
    assert np.isnan(vectors[0, 1]).all()
    for (place, view), row in {(0, 0): 0, (0, 2): 1, (1, 0): 2, (1, 1): 3, (1, 2): 0}.items():
        np.testing.assert_allclose(vectors[place, view], tower.encode_photos(photos)[row], atol=1e-6)


def test_broken_and_missing_photos_are_named_and_left_out(photos: list[str], tmp_path: Path) -> None:
    whole = Image.effect_noise((200, 200), 50).convert("RGB")
    whole.save(tmp_path / "whole.jpg")
    cut = tmp_path / "cut.jpg"
    cut.write_bytes((tmp_path / "whole.jpg").read_bytes()[:3000])
    files = [photos[0], str(tmp_path / "gone.jpg"), str(cut), photos[1]]
    vectors, skipped = embed_photos(Counting(), files, cache=tmp_path / "cache", progress=False)
    assert set(skipped) == {files[1], files[2]}
    assert "no photo" in skipped[files[1]]
    assert "truncated" in skipped[files[2]]
    assert np.isnan(vectors).any(axis=1).tolist() == [False, True, True, False]
    cut.write_bytes((tmp_path / "whole.jpg").read_bytes())  # downloaded again: no longer skipped
    assert set(embed_photos(Counting(), files, cache=tmp_path / "cache", progress=False)[1]) == {files[1]}


def test_a_stopped_run_goes_on(photos: list[str], tmp_path: Path) -> None:
    cache = tmp_path / "deep" / "cache.sqlite"
    with pytest.raises(KeyboardInterrupt):
        embed_photos(Counting(batches=2), photos, cache=cache, batch_size=2, progress=False)
    rest = Counting()
    vectors, _ = embed_photos(rest, photos, cache=cache, batch_size=2, progress=False)
    assert rest.photos == 1
    np.testing.assert_array_equal(vectors, embed_photos(Counting(), photos, progress=False)[0])
    again = Counting()
    embed_photos(again, photos, cache=cache, progress=False)
    assert again.photos == 0


KILLED = """
import os, signal, sys
import numpy as np
from timesen_nb.model.towers import embed_photos

class Mortal:
    name, width, left = "counting", 3, 2

    def encode_photos(self, photos):
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1
        means = np.array([p.astype(np.float32).mean(axis=(0, 1)) for p in photos], dtype=np.float32)
        return means / np.linalg.norm(means, axis=1, keepdims=True)

embed_photos(Mortal(), sys.argv[2:], cache=sys.argv[1], batch_size=2, progress=False)
"""


def test_a_killed_run_goes_on(photos: list[str], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    done = subprocess.run([sys.executable, "-c", KILLED, cache, *photos], check=False)
    assert done.returncode == -9
    rest = Counting()
    vectors, skipped = embed_photos(rest, photos, cache=cache, batch_size=2, progress=False)
    assert (rest.photos, skipped) == (1, {})
    np.testing.assert_allclose(vectors, embed_photos(Counting(), photos, progress=False)[0], atol=1e-6)


def test_a_photo_that_changed_is_embedded_again(photos: list[str], tmp_path: Path) -> None:
    embed_photos(Counting(), photos, cache=tmp_path / "cache", progress=False)
    Image.new("RGB", (30, 30), (255, 0, 0)).save(photos[3])
    os.utime(photos[3], (1, 1))
    again = Counting()
    vectors, _ = embed_photos(again, photos, cache=tmp_path / "cache", progress=False)
    assert again.photos == 1
    np.testing.assert_allclose(vectors[3], [1, 0, 0])


def test_towers_do_not_share_vectors(photos: list[str], tmp_path: Path) -> None:
    embed_photos(Counting(), photos, cache=tmp_path / "cache", progress=False)
    other = Counting()
    other.name = "another"
    embed_photos(other, photos, cache=tmp_path / "cache", progress=False)
    assert other.photos == len(photos)


def test_a_file_that_is_no_cache_is_refused(photos: list[str], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("some notes of mine\n" * 100)
    with pytest.raises(ValueError, match="Give another path"):
        embed_photos(Counting(), photos, cache=tmp_path / "notes.txt", progress=False)


def test_unknown_towers_are_refused() -> None:
    with pytest.raises(ValueError, match="'clip:ViT-B-32:openai'"):
        open_tower("blip:large")


def test_the_pocket_tower_reads_files_as_arrays(photos: list[str], tmp_path: Path) -> None:
    tower = open_tower("pocket")
    arrays = [np.asarray(Image.open(p)) for p in photos]
    np.testing.assert_allclose(tower.encode_photos(photos), tower.encode_photos(arrays), atol=1e-6)
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(ValueError, match=r"text\.jpg cannot be read"):
        tower.encode_photos([tmp_path / "text.jpg"])


def test_a_gpu_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ValueError, match="torch sees no GPU"):
        ClipTower(device="cuda")


@pytest.mark.parametrize("orientation", range(2, 9))
def test_photos_are_read_upright(tmp_path: Path, orientation: int) -> None:
    """Cameras and phones write the pixels as they lay on the sensor, and beside them how to turn these."""
    y, x = np.mgrid[:48, :64].astype(np.uint8)
    upright = Image.fromarray(np.stack([x * 3, y * 4, 255 - x * 2], axis=2))
    turned_back = {
        2: 0,
        3: 3,
        4: 1,
        5: 5,
        6: 2,
        7: 6,
        8: 4,
    }  # orientation -> PIL's transposition that undoes it
    about = Image.Exif()
    about[0x0112] = orientation
    stored = upright.transpose(Image.Transpose(turned_back[orientation]))
    stored.save(tmp_path / "turned.png", exif=about)
    expected = open_tower("pocket").encode_photos(np.array(upright)[None])
    files = [tmp_path / "turned.png"]
    np.testing.assert_allclose(open_tower("pocket").encode_photos(files), expected, atol=1e-6)
    with Image.open(files[0]) as picture:
        np.testing.assert_allclose(open_tower("pocket").encode_photos([picture]), expected, atol=1e-6)
    kept, _ = embed_photos(open_tower("pocket"), files, progress=False)
    np.testing.assert_allclose(kept, expected, atol=1e-6)


def test_photos_of_more_than_eight_bits_are_left_out_and_said(tmp_path: Path) -> None:
    deep = np.linspace(0, 60_000, 48 * 64, dtype=np.uint16).reshape(48, 64)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    vectors, skipped = embed_photos(Counting(), [tmp_path / "deep.png"], progress=False)
    assert np.isnan(vectors).all()
    assert "expected eight bits a colour" in skipped[str(tmp_path / "deep.png")]


def test_no_photo_is_empty_none_or_nan(photos: list[str]) -> None:
    vectors, skipped = embed_photos(Counting(), [[photos[0], None], [float("nan"), ""]], progress=False)
    assert np.isnan(vectors).any(axis=2).tolist() == [[False, True], [True, True]]
    assert skipped == {}


def test_what_is_no_list_of_photos_or_texts_is_refused(photos: list[str], tmp_path: Path) -> None:
    wrong = (
        np.zeros((2, 4, 4, 3), np.uint8), [np.zeros((4, 4, 3), np.uint8)], tmp_path, str(tmp_path),
        tmp_path.glob("*.png"), [[photos[0]], photos[:2]],
    )  # fmt: skip
    for given in wrong:
        with pytest.raises(ValueError, match=r"photos given: .*expected a list of files"):
            embed_photos(Counting(), given, progress=False)
    clip = ClipTower("ViT-B-32", "openai")
    for tower in (open_tower("pocket"), clip):
        with pytest.raises(ValueError, match="texts given: 'meadow'; expected a list"):
            tower.encode_text("meadow")
        for one in (photos[0], Path(photos[0])):
            with pytest.raises(ValueError, match=r"photos given: .*; expected a list"):
                tower.encode_photos(one)
