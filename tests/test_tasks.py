"""Tasks: what the bundled files hold, and what a file of one's own may do."""

import timesen_nb as tn


def test_land_cover_is_there():
    assert tn.tasks["land_cover"].codes == tuple("ABCDEFGH")
