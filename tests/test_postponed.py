"""Imports that wait: what is not needed is not loaded, and what is needed does what it always did."""

import subprocess
import sys

APART = """
import sys
from timesen_nb.widgets.postponed import postponed

sys.path.insert(0, sys.argv[1])
with postponed("dear_module", "double"):
    from dear_module import double
assert "dear_module" not in sys.modules, "not loaded, and no stand-in left behind"
assert double(4) == 8
import dear_module
assert dear_module.other == 1, "whoever imports it gets the whole of it"
with postponed("dear_module", "double"):
    from dear_module import double as real
assert real is dear_module.double, "what was loaded before is used as it is"
with postponed("module_that_is_nowhere", "f"):
    try:
        import module_that_is_nowhere
    except ModuleNotFoundError:
        pass
    else:
        raise AssertionError("what is not installed stays missing")
"""

MAP = """
import sys
import timesen_nb.widgets.scene_map
assert "jsonschema" in sys.modules, "leafmap checks nothing any more: postponed.py may go"
assert "rfc3987_syntax" not in sys.modules
"""


def run(code: str, *given: str) -> None:
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", code, *given], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_a_postponed_function_imports_its_module_when_it_is_called(tmp_path) -> None:
    (tmp_path / "dear_module.py").write_text("other = 1\ndef double(x):\n    return 2 * x\n")
    run(APART, str(tmp_path))


def test_the_map_does_not_build_the_grammar_of_addresses() -> None:
    run(MAP)
