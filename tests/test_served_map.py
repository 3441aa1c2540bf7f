"""The server of the click map: who is let in, kernels that come and go with their pages, what is said at the end."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
import requests
from served_map import PATIENCE, ServedMap, chromium, served_map
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from timesen_nb.widgets.server.memory import kernels_that_fit

pytestmark = pytest.mark.timeout(1800)

PROTOCOL = "v1.kernel.websocket.jupyter.org"


@pytest.fixture(scope="module")
def server() -> Iterator[ServedMap]:
    with served_map("flanders", "--pages", "2", "--linger", "20") as served:
        yield served


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def opened(session: requests.Session, server: ServedMap) -> str:
    """The kernel of a page that was sent whole; its farewell is the caller's."""
    page = session.get(server.address, timeout=PATIENCE / 1000)
    assert page.status_code == 200
    return re.search(r'"kernelId": "([\w-]+)"', page.text)[1]


def eventually(condition, tries: int = 1200) -> bool:
    import time

    for _ in range(tries):
        if condition():
            return True
        time.sleep(0.1)
    return False


def channels(server: ServedMap, kernel: str) -> str:
    return f"ws://{urlsplit(server.address).netloc}/api/kernels/{kernel}/channels?session_id=test"


def heard_out(connection: ClientConnection) -> None:
    """Take what a kernel says until the connection is closed."""
    while True:
        connection.recv(timeout=60)


def farewell(session: requests.Session, server: ServedMap, kernel: str) -> requests.Response:
    form = {"_xsrf": session.cookies.get("_xsrf", "")}
    return session.post(f"{server.address}voila/api/shutdown/{kernel}", data=form, timeout=60)


@pytest.mark.parametrize(
    "path", ["", "voila/static/voila.js", "api/kernels/x", "voila/api/shutdown/x-x-x-x-x", "login"]
)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8866", "127.0.0.1.evil.example", "10.0.0.1", ""]
)
def test_another_name_gets_nothing(server: ServedMap, session, path: str, host: str) -> None:
    for method in ("GET", "POST"):
        answer = session.request(method, server.address + path, headers={"Host": host}, timeout=60)
        assert answer.status_code in (400, 403)
        assert "<script" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8866"])
def test_the_names_of_this_machine_are_let_in(server: ServedMap, session, host: str) -> None:
    answer = session.get(server.address + "voila/static/voila.js", headers={"Host": host}, timeout=60)
    assert answer.status_code == 200


def test_what_another_site_asks_for_starts_nothing(server: ServedMap, session) -> None:
    before = {kernel.pid for kernel in server.kernels()}
    for site in ("cross-site", "same-site"):
        for mode, kind in (("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe")):
            headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": kind}
            assert session.get(server.address, headers=headers, timeout=60).status_code == 403
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    link = session.get(server.address + '?a="><script>', headers=headers, timeout=60)
    assert link.status_code == 200
    assert "Open the click map" in link.text
    assert "<script" not in link.text
    assert session.get(server.address, headers={"Sec-Purpose": "prefetch"}, timeout=60).status_code == 403
    assert {kernel.pid for kernel in server.kernels()} <= before


def test_the_head_comes_before_the_kernel_is_asked(server: ServedMap, session) -> None:
    with session.get(server.address, stream=True, timeout=PATIENCE / 1000) as page:
        pieces = page.iter_content(None)
        head = next(pieces).decode()
        assert "<title>Click map" in head
        assert "Starting the map" in head
        assert '"kernelId":' not in head
        rest = b"".join(pieces).decode()
    kernel = re.search(r'"kernelId": "([\w-]+)"', rest)[1]
    assert farewell(session, server, kernel).status_code == 204


def test_a_farewell_needs_the_cookie_of_a_page_and_may_be_said_twice(server: ServedMap, session) -> None:
    kernel = opened(session, server)
    model = f"{server.address}api/kernels/{kernel}"
    stranger = requests.post(f"{server.address}voila/api/shutdown/{kernel}", timeout=60)
    assert stranger.status_code == 403
    assert session.get(model, timeout=60).status_code == 200
    for _ in range(2):
        assert farewell(session, server, kernel).status_code == 204
    assert eventually(lambda: session.get(model, timeout=60).status_code == 404)


def test_a_connection_without_the_protocol_is_refused_and_the_server_lives(
    server: ServedMap, session
) -> None:
    kernel = opened(session, server)
    for subprotocols in (None, ["v0.kernel.websocket.jupyter.org"]):
        with pytest.raises(InvalidStatus, match="400"):
            connect(channels(server, kernel), subprotocols=subprotocols, proxy=None)
    with pytest.raises(InvalidStatus, match="403"):
        connect(channels(server, kernel), subprotocols=[PROTOCOL], origin="http://evil.example", proxy=None)
    with connect(channels(server, kernel), subprotocols=[PROTOCOL], proxy=None) as connection:
        connection.send((2**62).to_bytes(8, "little") + b"more parts than there are bytes")
        with pytest.raises(ConnectionClosed):
            heard_out(connection)
    assert session.get(server.address + "voila/static/voila.js", timeout=60).status_code == 200
    farewell(session, server, kernel)


def test_a_page_that_vanished_without_a_word_gives_its_kernel_back(server: ServedMap, session) -> None:
    kernel = opened(session, server)
    assert eventually(
        lambda: session.get(f"{server.address}api/kernels/{kernel}", timeout=60).status_code == 404
    )


def test_a_visitor_too_many_reads_that_it_is_full(server: ServedMap, session) -> None:
    kernels = []
    with ExitStack() as held:
        for _ in range(2):
            kernels.append(opened(session, server))
            held.enter_context(connect(channels(server, kernels[-1]), subprotocols=[PROTOCOL], proxy=None))
        full = session.get(server.address, timeout=60)
        assert full.status_code == 503
        assert "The map is full" in full.text
        assert "Try again" in full.text
        assert len(server.kernels()) == 2
        farewell(session, server, kernels[0])
        kernels.append(opened(session, server))
    for kernel in kernels:
        farewell(session, server, kernel)


@pytest.mark.parametrize(("megabytes", "kernels"), [(100, 1), (1700, 2), (7600, 12), (30_000, 49)])
def test_memory_says_how_many_kernels_fit(megabytes: float, kernels: int) -> None:
    assert kernels_that_fit(megabytes) == kernels


def test_a_token_stands_in_for_the_name(session) -> None:
    with served_map("flanders", "--pages", "1", TIMESEN_TOKEN="known-to-the-proxy") as served:
        assert served.address.endswith("?token=known-to-the-proxy")
        bare = served.address.partition("?")[0]
        named = {"Host": "hub.example"}
        for path in ("", "?token=another", "api/kernels/x-x-x-x-x"):
            answer = session.get(bare + path, headers=named, timeout=60, allow_redirects=False)
            assert answer.status_code == 403
            assert path.startswith("api") or "This map asks for a token" in answer.text
        proven = {**named, "Authorization": "token known-to-the-proxy"}
        for query in ("", "?token=one-of-the-proxy"):
            assert (
                session.get(f"{bare}api/kernels/x-x-x-x-x{query}", headers=proven, timeout=60).status_code
                == 404
            )


@pytest.mark.parametrize("started", [False, True])
def test_stopped_while_its_first_kernel_starts_it_leaves_none(started: bool) -> None:
    with served_map("flanders", "--pages", "1") as served:
        if started:
            assert eventually(served.kernels)
        kernels = served.kernels()
    assert not any(kernel.is_running() for kernel in kernels)


def test_a_source_that_cannot_be_opened_is_said_before_anything_is_served(monkeypatch, tmp_path) -> None:
    from timesen_nb.widgets.serve import main

    broken = tmp_path / "broken.nc"
    broken.write_bytes(b"no NetCDF")
    monkeypatch.setenv("TIMESEN_SOURCE", str(broken))
    with pytest.raises(SystemExit, match=r"was not started: .*broken\.nc"):
        main([])


@pytest.mark.needs_browser
def test_place_and_words_outlive_a_reload_and_a_kernel_that_is_killed(server: ServedMap) -> None:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE)
        # a page of the test before may still be giving up its place
        assert eventually(lambda: page.goto(server.address).status == 200)
        page.wait_for_selector(".tn-app .leaflet-container")
        page.wait_for_selector(".leaflet-image-layer[src^='data:image/png']")
        first = server.kernels()
        box = page.locator(".leaflet-container").bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_function("location.hash.includes('lon=')")
        page.locator(".tn-words textarea").fill("a lake\na field of wheat")
        page.wait_for_function("location.hash.includes('wheat')")
        place = page.locator(".tn-place input").input_value()
        address = page.url

        def restored() -> None:
            page.wait_for_selector(".tn-headline:visible")
            page.wait_for_function(
                "document.querySelectorAll('.tn-name').length && location.hash.includes('wheat')"
            )
            assert page.url == address
            assert page.locator(".tn-place input").input_value() == place
            assert page.locator(".tn-words textarea").input_value() == "a lake\na field of wheat"

        page.reload()
        restored()
        assert not page.locator("#stopped").is_visible()
        assert eventually(
            lambda: {kernel.pid for kernel in first} != {kernel.pid for kernel in server.kernels()}
        )

        for kernel in server.kernels():
            kernel.kill()
        page.wait_for_selector("#stopped:visible")
        assert "The computation stopped" in page.locator("#stopped").inner_text()
        marks = "[...document.querySelectorAll('.jupyter-widgets')].map(e => getComputedStyle(e, '::before').content)"
        # none of them is the sign of a broken link; a blank of no width gives empty lines their height
        assert set(page.evaluate(marks)) <= {"none", "normal", '""', '"\u200b"'}
        page.get_by_role("button", name="Start again").click()
        page.wait_for_selector("#starting")
        restored()

        page.locator('.tn-tabs button:has-text("Data")').click()
        page.locator(".tn-source select").select_option(
            label="Open STAC catalog: no account, needs the network"
        )
        page.locator(".tn-pages input[list]").fill("http://127.0.0.1:9/stac")
        page.get_by_role("button", name="Open", exact=True).click()
        page.wait_for_selector(".tn-error:visible")
        page.wait_for_function("document.querySelector('.tn-error').innerText.includes('private network')")
        page.close()
    assert eventually(lambda: len(server.kernels()) <= 1)


@pytest.mark.needs_browser
def test_a_link_without_its_token_asks_for_it_and_goes_on_below_a_base_url_too() -> None:
    with (
        served_map("flanders", "--base-url", "class/a", TIMESEN_TOKEN="of-the-class") as served,
        chromium() as browser,
    ):
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        place = "lon=3.023800&lat=50.815900"
        answer = page.goto(f"{served.address.partition('?')[0]}#{place}&word=maize&word=bog")
        assert answer.status == 403
        page.get_by_label("Token").fill("of-the-class")
        page.get_by_role("button", name="Open the map").click()
        page.locator(".tn-headline:visible").wait_for()
        assert place in page.url
        assert "token" not in page.url


@pytest.mark.needs_browser
def test_a_server_that_ends_while_a_page_starts_is_said_and_paper_gets_the_whole_page() -> None:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 500})
        page.set_default_timeout(PATIENCE)
        with served_map("flanders") as served:
            page.goto(served.address)
            page.wait_for_selector(".tn-app .leaflet-container")
            page.emulate_media(media="print")
            whole = page.locator(".tn-app").bounding_box()["height"]
            assert whole > 500
            assert page.evaluate("document.documentElement.scrollHeight") >= whole
            page.emulate_media(media="screen")
            page.goto("about:blank")
            page.goto(served.address, wait_until="commit")
            page.wait_for_selector("#starting")
        page.locator("#stopped").wait_for()
        assert not page.locator("#starting").is_visible()
