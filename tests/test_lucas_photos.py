"""Photos of LUCAS are fetched from a server that is busy, odd or gone, and drawn for a simulated survey."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

import timesen_nb as tn
from timesen_nb.datasets import (
    download_photos,
    simulated_survey,
)


class Photos(BaseHTTPRequestHandler):
    """Serves PATH/NAME.jpg, with the faults that NAME begins with."""

    body = b"\xff\xd8" + bytes(range(256)) * 400 + b"\xff\xd9" + b"\0" * 9
    seen: ClassVar[Counter[str]] = Counter()
    times: ClassVar[dict[str, list[float]]] = {}

    def log_message(self, *args: object) -> None: ...

    def do_GET(self) -> None:
        name = self.path.rsplit("/", 1)[1]
        self.seen[name] += 1
        self.times.setdefault(name, []).append(time.monotonic())
        first = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if first:
            self.seen[f"{name} from {first}"] += 1
        if name.startswith("gone"):
            return self.send_error(404)
        if name.startswith("slow") and self.seen[name] == 1:
            return self.answer(429, b"", Retry_After="1")
        if name.startswith("later"):
            return self.answer(503, b"", Retry_After="7200")
        if name.startswith("busy") and self.seen[name] < 3:
            return self.send_error(503)
        if name.startswith("down"):
            return self.send_error(500)
        if name.startswith("loop"):
            return self.answer(302, b"", Location=self.path)
        if name.startswith("gzip"):
            return self.answer(200, b"not packed", Content_Encoding="gzip")
        if name.startswith("short"):  # what the server has is cut, and it says so
            body = self.body[:50_000]
            return (
                self.answer(416, b"", Content_Range=f"bytes */{len(body)}")
                if first
                else self.answer(200, body)
            )
        body = self.body + self.path.encode() if name.startswith("same") else self.body
        body = b"<html>not found</html>" if name.startswith("page") else body
        if name.startswith("zero") and first:  # answers a part with the whole
            return self.answer(206, body, Content_Range=f"bytes 0-{len(body) - 1}/{len(body)}")
        if name.startswith("other") and first:
            return self.answer(206, body[7:], Content_Range=f"bytes 7-{len(body) - 1}/{len(body)}")
        cut = name.startswith(("cut", "silent", "zero", "other")) and self.seen[name] == 1
        if name.startswith("silent") and not first:  # without a length nobody knows that it is cut
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body[:50_000] if cut else body)
            return None
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(body) - first))
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        if cut:
            self.wfile.write(body[:50_000])
            self.wfile.flush()
            return self.connection.close()
        self.wfile.write(body[first:])
        return None

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[str]:
    Photos.seen.clear()
    Photos.times.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Photos) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/lucas/photos/2018/BE/388/631"
        running.shutdown()
        thread.join()


def place_of(folder: Path, server: str) -> Path:
    return folder / server.removeprefix("http://").replace(":", "_")


def test_photos_arrive_whatever_the_server_does(server: str, tmp_path: Path) -> None:
    whole = ("good1N", "busy1E", "cut1S", "silent1W", "zero1N", "other1E")
    names = [[*whole, ""], ["gone1N", "down1E", "page1S", "short1W", "gone1N", "good1N", ""]]
    addresses = [[f"{server}/{n}.jpg" if n else "" for n in row] for row in names]
    files, missing = download_photos(addresses, tmp_path, wait=0.01, progress=False)
    assert files.shape == (2, 7)
    for name, file in zip(whole, files[0], strict=False):
        assert file == str(place_of(tmp_path, server) / f"{name}.jpg")
        assert Path(file).read_bytes() == Photos.body, name
    assert files[0, 6] == files[1, 0] == files[1, 1] == files[1, 2] == files[1, 3] == ""
    assert files[1, 5] == files[0, 0]
    reasons = {a.rsplit("/", 1)[1][:5]: r for a, r in missing.items()}
    assert set(reasons) == {"gone1", "down1", "page1", "short"}
    assert "404" in reasons["gone1"]
    assert "500" in reasons["down1"]
    assert "5 times" in reasons["down1"]
    assert "no JPEG" in reasons["page1"]
    assert "stops before its end" in reasons["short"]
    assert Photos.seen["good1N.jpg"] == 1
    assert Photos.seen["gone1N.jpg"] == 1  # final: asked once
    assert Photos.seen["busy1E.jpg"] == 3
    assert Photos.seen["down1E.jpg"] == 5
    assert sum(n for what, n in Photos.seen.items() if what.startswith("cut1S.jpg from")) == 1
    assert not list(tmp_path.rglob("good*.part"))


def test_a_busy_photo_server_is_asked_again_when_it_says(server: str, tmp_path: Path) -> None:
    addresses = [f"{server}/slow1N.jpg", f"{server}/later1N.jpg"]
    files, missing = download_photos(addresses, tmp_path, wait=0.01, progress=False)
    assert Path(files[0]).read_bytes() == Photos.body
    first, second = Photos.times["slow1N.jpg"]
    assert second - first >= 1.0
    assert "asks to wait 7200 seconds" in missing[addresses[1]]
    assert Photos.seen["later1N.jpg"] == 1


def test_odd_addresses_do_not_end_a_run(server: str, tmp_path: Path) -> None:
    odd = [
        f"{server}/loop1N.jpg", f"{server}/gzip1E.jpg", server.removeprefix("http://") + "/good1S.jpg", "http://",
        "ftp://127.0.0.1/a.jpg", "http://[::1/a.jpg", f"{server}/good0N.jpg/under.jpg", "nan",
        f"http://{'x' * 70}.y/a.jpg", "http://../a.jpg",
    ]  # fmt: skip
    good = [f"{server}/good{i}N.jpg" for i in range(20)]
    files, missing = download_photos([*good, *odd], tmp_path, workers=1, attempts=1, progress=False)
    assert [Path(f).read_bytes() for f in files[:20]] == [Photos.body] * 20
    assert set(missing) == set(odd)
    assert "TooManyRedirects" in missing[odd[0]]
    assert "cannot be read" in missing[odd[1]]
    assert "begins with http" in missing[odd[2]]


def test_addresses_with_equal_ends_have_files_of_their_own(server: str, tmp_path: Path) -> None:
    root = server.removesuffix("/2018/BE/388/631")
    addresses = [f"{root}/{year}/BE/388/631/same1N.jpg" for year in (2015, 2018)]
    addresses += [
        f"{addresses[0]}?size=1",
        f"{addresses[0]}?size=2",
        f"{root}/2015/BE/388/../388/631/same1N.jpg",
    ]
    addresses += [f"{root}/a%20b/same1N.jpg", f"{root}/a+b/same1N.jpg", f"{addresses[0]}.part"]
    files, missing = download_photos(addresses, tmp_path, workers=1, wait=0.01, progress=False)
    assert not missing
    assert len(set(files)) == len(addresses)
    assert all(Path(f).resolve().is_relative_to(tmp_path.resolve()) for f in files)
    for address, file in zip(addresses[:4], files[:4], strict=True):
        assert Path(file).read_bytes().endswith(address.partition("/lucas")[2].encode())


def test_a_folder_that_cannot_be_written_ends_the_run(server: str, tmp_path: Path) -> None:
    place = place_of(tmp_path, server)
    (place / "good1N.jpg.part").mkdir(parents=True)
    (place / "good1N.jpg.part" / "x").touch()
    with pytest.raises(OSError, match="photos cannot be written to"):
        download_photos([f"{server}/good1N.jpg"], tmp_path, progress=False)


def test_what_is_there_is_not_fetched_again(server: str, tmp_path: Path) -> None:
    addresses = [f"{server}/good{i}N.jpg" for i in range(5)]
    first, _ = download_photos(addresses[:3], tmp_path, progress=False)
    part = place_of(tmp_path, server) / "good3N.jpg.part"  # left by a run that was killed
    part.write_bytes(Photos.body[:40_000])
    files, missing = download_photos(addresses, tmp_path, progress=False)
    assert not missing
    assert list(files[:3]) == list(first)
    assert [Photos.seen[f"good{i}N.jpg"] for i in range(5)] == [1] * 5
    assert Photos.seen["good3N.jpg from 40000"] == 1
    assert Path(files[3]).read_bytes() == Photos.body
    assert not list(tmp_path.rglob("*.part"))


def test_a_server_out_of_reach_stops_the_run(tmp_path: Path) -> None:
    addresses = [f"http://127.0.0.1:9/2018/BE/1/2/{i}N.jpg" for i in range(100)]
    with pytest.raises(ConnectionError, match=r"127\.0\.0\.1:9 does not answer.* it goes on"):
        download_photos(addresses, tmp_path, wait=0.001, attempts=2, progress=False)


def test_a_simulated_survey_has_photos_as_files(tmp_path: Path) -> None:
    survey = simulated_survey(tmp_path / "photos", each=1, seed=5, size=(24, 32))
    assert survey.series().shape == (8, 12, 10)
    assert survey.labels["land_cover"].tolist() == list(tn.tasks["land_cover"].classes)
    assert survey.photos is not None
    first = Path(survey.photos[0, 0])
    drawn = first.read_bytes()
    assert len(list((tmp_path / "photos").iterdir())) == 32
    again = simulated_survey(tmp_path / "other", each=1, seed=5, size=(24, 32))
    assert again.photos is not None
    assert Path(again.photos[0, 0]).read_bytes() == drawn
    first.write_bytes(b"kept")  # whole sets are not drawn again
    simulated_survey(tmp_path / "photos", each=1, seed=5, size=(24, 32))
    assert first.read_bytes() == b"kept"
