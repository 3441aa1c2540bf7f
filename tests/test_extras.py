"""What is said where a library of an extra is missing."""

import sys

import pytest

from timesen_nb.extras import needs


def test_what_is_installed_is_handed_over():
    import json.decoder

    assert needs("json.decoder", extra="train", what="tn.fit") is json.decoder


@pytest.mark.parametrize("module", ["no_such_library", "no_such_library.part"])
def test_what_is_missing_says_the_command_that_installs_it(module):
    with pytest.raises(
        ImportError, match=r'tn\.fit needs no_such_library.*pip install "timesen_nb\[train\]"'
    ):
        needs(module, extra="train", what="tn.fit")


def test_a_library_that_is_broken_itself_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "half_a_library.py").write_text("import its_own_dependency")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(ModuleNotFoundError, match="its_own_dependency"):
        needs("half_a_library", extra="train", what="tn.fit")
