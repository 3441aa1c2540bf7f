"""Imports that wait: what is not needed is not loaded, and what is needed does what it always did."""

import subprocess
import sys

APART = """
import sys
from timesen_nb.widgets.postponed import postponed

sys.path.insert(0, sys.argv[1])
with postponed("dear_module", "dear_package.part"):
    from dear_module import double
    import dear_package.part as part
assert "dear_module" not in sys.modules, "not loaded, and no stand-in left behind"
assert double(4) == 8
assert "dear_package.part" not in sys.modules
assert part.Named().name == "named"
import dear_package.part
assert dear_package.part.Named is part.Named
import dear_module
assert dear_module.other == 1, "whoever imports it gets the whole of it"
with postponed("dear_module"):
    from dear_module import double as real
assert real is dear_module.double, "what was loaded before is used as it is"
with postponed("module_that_is_nowhere"):
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
assert sys.modules.keys().isdisjoint({"rfc3987_syntax", "folium", "plotly.express", "ipyvuetify"})
"""


def run(code: str, *given: str) -> None:
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", code, *given], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_a_postponed_function_imports_its_module_when_it_is_called(tmp_path) -> None:
    package = tmp_path / "dear_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "part.py").write_text("class Named:\n    name = 'named'\n")
    (tmp_path / "dear_module.py").write_text("other = 1\ndef double(x):\n    return 2 * x\n")
    run(APART, str(tmp_path))


def test_the_map_imports_nothing_of_other_kinds_of_maps_and_builds_no_grammar_of_addresses() -> None:
    run(MAP)
