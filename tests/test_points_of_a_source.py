"""Tables of labelled places whose series a source is asked for: years, dates and places."""

import numpy as np
import pytest
from point_tables import check, places, save, table

from tests.synthetic import GridSource
from timesen_nb.datasets import read_point_table, read_points


@pytest.mark.parametrize(
    ("years", "read"),
    [
        (["2018", "2019"], [0, 1]),
        (["2018.0", "2019.0"], [0, 1]),
        (["", ""], [1, 1]),  # nothing said: year=
        (None, [1, 1]),
    ],
)
@pytest.mark.parametrize("column", ["year", "Year", "YEAR"])
def test_years(tmp_path, years, read, column):
    source = GridSource()
    data = places(source, **({} if years is None else {column: years}))
    points = read_points(save(tmp_path / "p.csv", data), source=source, year=2019)
    grid = source.grid.transpose("y", "x", "month", "band").values
    expected = np.stack([grid[3, 3] + read[0], grid[5, 5] + read[1]])
    np.testing.assert_allclose(np.asarray(points.values), expected)


@pytest.mark.parametrize(
    ("years", "said"),
    [
        (["2018", ""], "no year at line 3"),
        (["2018", "18"], "the year 18 at line 3"),
        (["2018.5", "2018"], "the year 2018.5 at line 2"),
        (["2018-06-01", "2018"], "'2018-06-01' in column year of line 2"),
    ],
)
def test_a_year_that_is_none_is_said(tmp_path, years, said):
    source = GridSource()
    with pytest.raises(ValueError, match=said):
        read_points(save(tmp_path / "p.csv", places(source, year=years)), source=source)


@pytest.mark.parametrize(
    ("dates", "years"),
    [
        (["2018-05-31", "2019-05-31"], [2018, 2019]),
        (["31.5.2018", "05/31/2019"], [2018, 2019]),
        (["20180531", "20190531T101500Z"], [2018, 2019]),
        (["May 2018", "2019-05-31 10:15"], [2018, 2019]),
        (["", "NA"], [2020, 2020]),
    ],
)
def test_the_year_of_a_date_is_read(tmp_path, dates, years):
    path = save(tmp_path / "p.csv", places(GridSource(), Date=dates))
    assert read_point_table(path, year=2020).years.tolist() == years
    both = save(tmp_path / "b.csv", places(GridSource(), Date=dates, year=2017))
    assert read_point_table(both).years.tolist() == [2017, 2017]


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        (
            ["2018-05-31", "31.5.18"],
            "'31.5.18' in column date of line 3, which tells no year.*a column called year",
        ),
        (["43221", "2018-05-31"], "'43221' in column date of line 2"),
        (["01052018", "2018-05-31"], "'01052018' in column date of line 2, which tells no year"),
        (["20122018", "2018-05-31"], "'20122018' in column date of line 2, which tells no year"),
        (["2018-05-31", ""], "no year at line 3"),
    ],
)
def test_a_date_that_tells_no_year_is_said(tmp_path, dates, said):
    with pytest.raises(ValueError, match=said):
        read_points(save(tmp_path / "p.csv", places(GridSource(), date=dates)), source=GridSource())


def test_a_date_counts_where_the_year_is_empty(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("lon,lat,year,date\n3.02,50.81,,2020-05-01\n3.02,50.81,2019,\n")
    assert read_point_table(path).years.tolist() == [2020, 2019]


def test_capitals_of_column_names_do_not_matter(tmp_path):
    data = table()
    check(read_points(save(tmp_path / "p.csv", data.rename(columns=str.upper))))
    check(read_points(save(tmp_path / "q.csv", data.rename(columns=str.title)), label="TRUE_class"))
    # a name that is exact goes before one that is like it
    check(read_points(save(tmp_path / "r.csv", data.assign(TRUE_CLASS="other", LON=0))))
    two = data.rename(columns={"lon": "Lon"}).assign(LON=0)
    with pytest.raises(ValueError, match="several columns 'lon'"):
        read_points(save(tmp_path / "s.csv", two))


def test_longitude_and_latitude_may_be_spelt_out(tmp_path):
    data = table()
    for new in ("Longitude", "Latitude"), ("LONGITUDE", "latitude "), ("Longitude", "lat"):
        check(
            read_points(
                save(tmp_path / "p.csv", data.rename(columns=dict(zip(("lon", "lat"), new, strict=True))))
            )
        )
    # the short name goes before the long one
    check(read_points(save(tmp_path / "q.csv", data.assign(Longitude=0, latitude=0))))
    two = data.rename(columns={"lon": "Longitude"}).assign(longitude=0)
    with pytest.raises(ValueError, match="several columns 'lon'"):
        read_points(save(tmp_path / "s.csv", two))
    with pytest.raises(ValueError, match=r"has no lon, lat among x, y.*longitude and latitude") as refused:
        read_point_table(save(tmp_path / "t.csv", data.rename(columns={"lon": "x", "lat": "y"})))
    assert "label=" not in str(refused.value)


def test_swapped_places_of_a_source_are_seen(tmp_path):
    source = GridSource()
    data = places(source).rename(columns={"lon": "lat", "lat": "lon"})
    with pytest.raises(
        ValueError, match=r"2 of 2 places outside a synthetic grid.*swap the columns lon and lat"
    ):
        read_points(save(tmp_path / "p.csv", data), source=source)
    assert not source.requests
