"""The file that a model's name means: bundled, on this machine, or on the Hugging Face hub."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from timesen_nb.tensor_file import check_content


def weights_folder() -> Path:
    """Where the bundled weights are."""
    return Path(str(files("timesen_nb").joinpath("weights")))


def find_file(which: str) -> Path:
    """The file that a model's name means; it holds something that may be a model.

    Args:
        which: "pocket", a path, or "hf:OWNER/REPO/FILE".

    Returns:
        A file on this machine.

    Raises:
        FileNotFoundError: there is no such file.
        ConnectionError: the hub cannot be reached and the file is not on this machine.
        ValueError: a Git LFS pointer, a web page or nothing is where the weights should be.
    """
    path = _path(which)
    check_content(path, "the weights of a model")
    return path


def _path(which: str) -> Path:
    if which == "pocket":
        path = weights_folder() / "series.safetensors"
        if not path.is_file():
            raise FileNotFoundError(
                f"the bundled {path.name} is missing. Reinstall timesen_nb, or run `make pocket`."
            )
        return path
    if which.startswith("hf:"):
        return download(which)
    if "://" in which:
        # it is not repeated: it may have a key
        raise FileNotFoundError(
            "the model given is an address; expected 'pocket', a file that exists, or 'hf:OWNER/REPO/FILE'. Download "
            "the file, and give its path."
        )
    path = Path(which).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f"no model {which!r}; expected 'pocket', a file that exists, or 'hf:OWNER/REPO/FILE'. "
            f"Check the path (looked in {path.resolve().parent})."
        )
    return path


def download(which: str) -> Path:
    """A file of the Hugging Face hub: the one on this machine, whatever is there now, else a download."""
    parts = which.removeprefix("hf:").split("/", 2)
    if len(parts) != 3 or not all(parts):
        raise ValueError(f"model given: {which!r}; expected hf:OWNER/REPO/FILE, as in hf:me/model/a.ckpt.")
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError, RepositoryNotFoundError

    owner, repository, name = parts
    try:
        try:
            return Path(hf_hub_download(f"{owner}/{repository}", name, local_files_only=True))
        except LocalEntryNotFoundError:
            return Path(hf_hub_download(f"{owner}/{repository}", name))
    except LocalEntryNotFoundError as problem:
        raise ConnectionError(
            f"{which} is not on this machine, and the Hugging Face hub cannot be reached. Connect once, or "
            "download the file elsewhere and load it by its path; tn.load('pocket') needs no network."
        ) from problem
    except (RepositoryNotFoundError, EntryNotFoundError) as problem:
        raise FileNotFoundError(
            f"the Hugging Face hub has no {name!r} in {owner}/{repository}. Check owner, repository and file "
            "name; private ones need a login (`hf auth login`)."
        ) from problem
