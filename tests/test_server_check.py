"""What the server is told to show means the same wherever it is started."""

from pathlib import Path

import pytest

from timesen_nb.widgets.server.check import check_model, check_source


def test_a_folder_called_as_a_model_or_source_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pocket", "flanders", "sample"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert check_model("pocket") == "pocket"
    assert [check_source(name) for name in ("flanders", "sample")] == ["flanders", "sample"]


def test_a_model_file_keeps_its_place_when_the_server_goes_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.safetensors").touch()
    monkeypatch.chdir(tmp_path)
    assert check_model("mine.safetensors") == str(tmp_path / "mine.safetensors")
    with pytest.raises(ValueError, match="expected 'pocket', an existing file"):
        check_model("other.safetensors")
