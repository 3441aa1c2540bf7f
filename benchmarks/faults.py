"""Deliberate faults: does a test see them? Run by hand, for it takes a test run a fault.

    python -m benchmarks.faults                # all of benchmarks/faults.toml
    python -m benchmarks.faults map chart      # those with one of these words in name or file
    python -m benchmarks.faults --every 4 --from 1    # the second of four parts

Each fault changes one place of a copy of the sources and runs the tests that should fail: "caught" when one does, and
"MISSED" when all pass. The same tests run on the unchanged copy first: a test that always fails catches nothing.
A fault whose text is not there exactly once is "stale": the code has moved on, and the list must follow.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "benchmarks" / "faults.toml"
#: pytest's exit statuses that mean something here.
PASSED, FAILED, BROKEN = 0, 1, 3
#: In this process, quietly; plugins of packages that are there already are no fault.
PLAIN = ("-n", "0", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
#: Packages of others that take long to import.
HEAVY = (
    "pytest", "hypothesis", "xarray", "rioxarray", "pandas", "torch", "scipy.stats", "sklearn.ensemble",
    "matplotlib.pyplot", "dask.array", "zarr", "leafmap.leafmap", "odc.stac", "pystac_client", "ee",
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """name: what is wrong; in ``file`` the text ``old`` becomes ``new``; tests: those that should fail, by node id."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def read_faults(words: Sequence[str]) -> list[Fault]:
    """The faults of the list, or those with one of the words in name or file."""
    given = tomllib.loads(LIST.read_text(encoding="utf-8"))["fault"]
    faults = [Fault(**{**fault, "tests": tuple(fault["tests"])}) for fault in given]
    return [f for f in faults if not words or any(w.lower() in f"{f.name} {f.file}".lower() for w in words)]


def copied(folder: Path) -> Path:
    """The sources under version control, and those about to be, in a folder of their own."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def preload() -> None:
    """Import what every test run needs, and nothing of ours: runs are forked from here, and begin at once."""
    for name in HEAVY:
        import_module(name)


def run(copy: Path, tests: Sequence[str], *options: str) -> tuple[int, list[str]]:
    """Exit status of pytest on the copy, and what it says of failures, or at the end where there is none."""
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if not child:
            try:
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
                os.chdir(copy)
                sys.path[:] = [str(copy), *(p for p in sys.path if p not in ("", str(ROOT)))]
                sys.dont_write_bytecode = True
                os.environ |= {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
                import pytest

                code = int(pytest.main([*PLAIN, *options, *tests]))
            except BaseException:  # noqa: BLE001 - whatever it is, the child ends here and the parent is told
                traceback.print_exc()
                code = BROKEN
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        _, status = os.waitpid(child, 0)
        said.seek(0)
        lines = [line.strip() for line in said if line.strip()]
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return os.waitstatus_to_exitcode(status), failed or lines[-1:]


def judge(fault: Fault, copy: Path, failing: Sequence[str]) -> tuple[str, str]:
    """caught, MISSED, stale or broken, and why. failing: tests that fail without any fault."""
    if already := [test for test in failing if test.startswith(fault.tests)]:
        return "broken", f"{already[0]} fails without it"
    path = copy / fault.file
    whole = path.read_text(encoding="utf-8") if path.is_file() else ""
    if (n := whole.count(fault.old)) != 1 or fault.old == fault.new:
        return "stale", f"its text is there {n} times"
    try:
        path.write_text(whole.replace(fault.old, fault.new), encoding="utf-8")
        status, said = run(copy, fault.tests, "-x")
    finally:
        path.write_text(whole, encoding="utf-8")
    return {PASSED: "MISSED", FAILED: "caught"}.get(status, "broken"), " ".join(said)


def main() -> None:
    """Print a line a fault and the sum; exit status 1 unless all are caught."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("words", nargs="*", help="only faults with one of these in name or file")
    parser.add_argument("--every", type=int, default=1, help="only every n-th of them")
    parser.add_argument(
        "--from", type=int, default=0, dest="first", help="and this one first, counted from 0"
    )
    parser.add_argument("--trust", action="store_true", help="do not run the tests without any fault first")
    given = parser.parse_args()
    faults = read_faults(given.words)[given.first :: given.every]
    counts: Counter[str] = Counter()
    preload()
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder))
        tests = sorted({test for fault in faults for test in fault.tests})
        _, said = (0, []) if given.trust else run(copy, tests)
        failing = [line.split()[1] for line in said if line.startswith(("FAILED", "ERROR"))]
        for fault in faults:
            started = time.perf_counter()
            verdict, why = judge(fault, copy, failing)
            counts[verdict] += 1
            shown = "" if verdict == "caught" else f"  ({why})"
            print(f"{verdict:7s} {time.perf_counter() - started:4.0f} s  {fault.name}{shown}", flush=True)
    print(
        f"\n{counts['caught']} of {len(faults)} caught",
        *(f"{n} {v}" for v, n in counts.items() if v != "caught"),
        sep=", ",
    )
    sys.exit(counts["caught"] != len(faults))


if __name__ == "__main__":
    main()
