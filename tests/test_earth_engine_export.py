"""Tables of points that Earth Engine exports: jobs, their end, and their columns."""

import numpy as np
import pytest
from earth_engine_cube import CUBE, FAST, same
from earth_engine_server import EarthEngineServer

import timesen_nb as tn

pytestmark = pytest.mark.usefixtures("no_account")


class TestExport:
    def test_points_are_exported_as_a_table(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", **FAST)
        places = [CUBE.place(r, 2) for r in range(5)]
        export = source.export_points(places, 2018, name="my_places", folder="timesen")
        for every in (-1, "x", float("nan")):
            with pytest.raises(ValueError, match=r"every given: .*expected seconds"):
                export.follow(every=every)
        assert (export.state, server.count) == ("PENDING", 1)
        seen: list[float] = []
        done = export.follow(every=0.0, told=lambda e: seen.append(e.progress))
        assert done.state == "SUCCEEDED"
        assert done.files
        assert seen == sorted(seen)
        assert len(set(seen)) > 2
        (job,) = server.exports.values()
        drive = job["given"]["fileExportOptions"]["driveDestination"]
        assert (drive["folder"], drive["filenamePrefix"]) == ("timesen", "my_places")
        columns = job["given"]["selectors"]
        assert columns[:4] == ["n", "lon", "lat", "year"]
        assert columns[4:] == [f"{band}_m{month:02d}" for month in range(1, 13) for band in tn.BANDS]
        for row, (lon, lat) in zip(job["rows"], places, strict=True):
            assert (row["lon"], row["lat"], row["year"]) == (lon, lat, 2018)
            found = np.array([row.get(c, np.nan) for c in columns[4:]], dtype=np.float32).reshape(12, 10)
            assert same(found, CUBE.months(2018)[:, :, row["n"], 2])

    def test_a_repeated_request_starts_one_job(self, server: EarthEngineServer) -> None:
        server.refuse(503, "Service unavailable", at="export")
        tn.open_source("earthengine", **FAST).export_points([CUBE.place(0, 0)], 2018, bucket="my-bucket")
        assert len(server.exports) == 1
        (job,) = server.exports.values()
        assert job["given"]["fileExportOptions"]["cloudStorageDestination"]["bucket"] == "my-bucket"

    def test_a_job_that_fails_says_why(self, server: EarthEngineServer) -> None:
        export = tn.open_source("earthengine", **FAST).export_points([CUBE.place(0, 0)], 2018)
        (job,) = server.exports.values()
        job.update(ends="FAILED", error="Execution failed; out of memory.")
        with pytest.raises(ValueError, match=r"failed: Execution failed; out of memory.*fewer places"):
            export.follow(every=0.0)

    def test_cancel(self, server: EarthEngineServer) -> None:
        export = tn.open_source("earthengine", **FAST).export_points([CUBE.place(0, 0)], 2018)
        assert export.cancel().state == "CANCELLED"
        with pytest.raises(ValueError, match="cancelled"):
            export.follow(every=0.0)

    def test_nothing_to_export_and_two_targets(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", **FAST)
        with pytest.raises(ValueError, match="no places"):
            source.export_points([])
        with pytest.raises(ValueError, match="one of them"):
            source.export_points([CUBE.place(0, 0)], folder="a", bucket="b")
