"""Situations as people have them: what 0.1 made of each, what comes now, and the tests that show it.

python -m benchmarks.situations            # the table of benchmarks/situations.toml, as Markdown
python -m benchmarks.situations --run      # the tests too: how many passed and failed of each row
python -m benchmarks.situations --run tables catalogs    # those with one of these words
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "benchmarks" / "situations.toml"


@dataclass(frozen=True)
class Situation:
    """what: the situation, of a part. before: what 0.1 made of it. now: what comes. tests: by node id, in tests/."""

    part: str
    what: str
    before: str
    now: str
    tests: tuple[str, ...]


def situations(words: Sequence[str] = ()) -> list[Situation]:
    """Those of the list, or those with one of the words in part or situation."""
    rows = tomllib.loads(LIST.read_text(encoding="utf-8"))["situation"]
    found = [Situation(**{**row, "tests": tuple(row["tests"])}) for row in rows]
    return [s for s in found if not words or any(w.lower() in f"{s.part} {s.what}".lower() for w in words)]


def run(tests: Sequence[str]) -> dict[str, Counter[str]]:
    """Passed and failed variants of each test, by its node id."""
    import pytest

    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        pytest.main(["-q", "-p", "no:cacheprovider", f"--junit-xml={report}", *(f"tests/{t}" for t in tests)])
        cases = list(ET.parse(report).iter("testcase"))
    counts: dict[str, Counter[str]] = {test: Counter() for test in tests}
    for case in cases:
        module, *classes = case.get("classname", "").removeprefix("tests.").split(".")
        test = "::".join([f"{module}.py", *classes, case.get("name", "").partition("[")[0]])
        failed = any(part.tag in ("failure", "error", "skipped") for part in case)
        counts.setdefault(test, Counter())["failed" if failed else "passed"] += 1
    return counts


def main() -> None:
    """Print a line a situation; exit status 1 where a test fails or has not run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("words", nargs="*", help="only situations with one of these")
    parser.add_argument("--run", action="store_true", help="run the tests")
    given = parser.parse_args()
    rows = situations(given.words)
    counts = run(sorted({test for row in rows for test in row.tests})) if given.run else {}
    print("| | situation | 0.1 | now | tests |\n| --- | --- | --- | --- | --- |")
    bad = 0
    for row in rows:
        said = f"{len(row.tests)}"
        if given.run:
            whole = sum((counts[test] for test in row.tests), Counter[str]())
            lost = [test for test in row.tests if not counts[test]["passed"] or counts[test]["failed"]]
            bad += bool(lost)
            said = f"{whole['passed']} passed" + (f", FAILED: {', '.join(lost)}" if lost else "")
        print(f"| {row.part} | {row.what} | {row.before} | {row.now} | {said} |")
    if given.run:
        total = sum((counts[test] for test in counts), Counter[str]())
        print(f"\n{len(rows) - bad} of {len(rows)} situations hold; {total['passed']} variants passed")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
