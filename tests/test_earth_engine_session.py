"""Opening Earth Engine: projects, keys and accounts, what is wrong with them, and no secret is shown."""

import json
import logging
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import ee
import pytest
from earth_engine_cube import CUBE, FAST, same
from earth_engine_images import scenes_of
from earth_engine_server import EarthEngineServer
from google.auth.credentials import AnonymousCredentials

import timesen_nb as tn
from timesen_nb.sources.earth_engine import EarthEngineSource
from timesen_nb.sources.earth_engine.errors import explain, without_secrets

pytestmark = pytest.mark.usefixtures("no_account")


def service_account(url: str) -> dict[str, str]:
    """A key as Google Cloud makes them, for the server of the tests."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "project_id": "project-of-the-key",
        "private_key_id": "1",
        "private_key": private.decode(),
        "client_email": "reader@project-of-the-key.iam.gserviceaccount.com",
        "token_uri": f"{url}/token",
    }


class TestSession:
    @pytest.fixture
    def fresh(self) -> Iterator[EarthEngineServer]:
        """A server, and a client that nobody has initialised."""
        with EarthEngineServer(scenes_of(CUBE)) as running:
            yield running

    def test_a_session_is_used_as_it_is(
        self, fresh: EarthEngineServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fresh.initialize(project="their-project")
        monkeypatch.setenv("EE_PROJECT", "another-project")
        before = fresh.seen.copy()
        source = tn.open_source("earthengine", **FAST)
        assert source.project == "their-project"
        assert fresh.seen == before
        assert tn.open_source("earthengine", project="their-project").project == "their-project"
        with pytest.raises(ValueError, match=r"'mine'.*'their-project'.*ee\.Reset"):
            tn.open_source("earthengine", project="mine")
        with pytest.raises(ValueError, match="key was given"):
            tn.open_source("earthengine", key={})

    def test_where_the_project_comes_from(
        self, fresh: EarthEngineServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        key = service_account(fresh.url)

        def project(**given: Any) -> str:
            ee.Reset()
            return tn.open_source("earthengine", key=key, url=fresh.url, **given).project

        assert project() == "project-of-the-key"
        secrets = {"EE_PROJECT": "of-colab"}
        monkeypatch.setitem(__import__("sys").modules, "google.colab", colab(secrets))
        assert project() == "of-colab"
        secrets.clear()
        assert project() == "project-of-the-key"
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "of-the-cloud")
        assert project() == "of-the-cloud"
        monkeypatch.setenv("EE_PROJECT", "of-the-environment")
        assert project() == "of-the-environment"
        assert project(project="given") == "given"
        assert fresh.headers["X-Goog-User-Project"] == "given"

    @pytest.mark.parametrize("form", ["path", "json", "dict", "environment"])
    def test_service_accounts(
        self, fresh: EarthEngineServer, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = service_account(fresh.url)
        path = tmp_path / "key.json"
        path.write_text(json.dumps(key))
        given: Any = {"path": path, "json": json.dumps(key), "dict": key, "environment": None}[form]
        if form == "environment":
            monkeypatch.setenv("EE_SERVICE_ACCOUNT_KEY", str(path))
        source = tn.open_source("earthengine", key=given, url=fresh.url, **FAST)
        assert same(source.pixel(*CUBE.place(0, 0), 2018).values, CUBE.months(2018)[:, :, 0, 0])
        assert fresh.seen["token"] >= 1
        assert fresh.headers["authorization"] == "Bearer ya29.of-a-service-account"

    @pytest.mark.parametrize(
        "key", ["no/such/file.json", "sk-secret-123", '{"private_key": "sk-secret-123"', '{"a": "sk-secret-123"}',
                '["sk-secret-123"]', '{"client_email": "a", "token_uri": "b", "private_key": "sk-secret-123"}']
    )  # fmt: skip
    def test_keys_that_are_none_are_not_shown(self, key: str) -> None:
        with pytest.raises(ValueError, match="service account's key") as caught:
            tn.open_source("earthengine", key=key, project="p")
        assert "secret-123" not in shown(caught.value)

    def test_nobody_signed_in(self) -> None:
        with pytest.raises(ValueError, match=r"ee\.Authenticate\(\).*stac"):
            tn.open_source("earthengine", project="my-project")
        assert not ee.data.is_initialized()

    def test_no_project(self, fresh: EarthEngineServer) -> None:
        key = service_account(fresh.url)
        del key["project_id"]
        with pytest.raises(ValueError, match=r"project=.*EE_PROJECT.*register"):
            tn.open_source("earthengine", key=key, url=fresh.url)
        assert not fresh.seen, "nothing was sent"

    def test_the_client_finds_no_project(self, fresh: EarthEngineServer) -> None:
        with pytest.raises(ee.EEException) as caught:
            ee.Initialize(AnonymousCredentials(), url=fresh.url)
        assert "EE_PROJECT" in explain(caught.value).words

    def test_a_project_that_is_refused(self, fresh: EarthEngineServer) -> None:
        key = service_account(fresh.url)
        fresh.refuse(403, "Caller does not have required permission to use project p.", at="algorithms")
        with pytest.raises(ValueError, match="may not use this project"):
            tn.open_source("earthengine", key=key, project="p", url=fresh.url)
        assert not ee.data.is_initialized(), "so that another project can be tried"
        assert tn.open_source("earthengine", key=key, project="q", url=fresh.url).project == "q"

    def test_credentials_that_were_withdrawn(self, fresh: EarthEngineServer) -> None:
        fresh.refuse(400, "invalid_grant", times=20, at="token")
        with pytest.raises(ValueError, match=r"ee\.Authenticate"):
            tn.open_source("earthengine", key=service_account(fresh.url), url=fresh.url)

    def test_a_server_that_hangs_at_the_start(self, fresh: EarthEngineServer) -> None:
        fresh.refuse(0, at="discovery")
        with pytest.raises(ValueError, match="no answer within"):
            tn.open_source("earthengine", key=service_account(fresh.url), url=fresh.url, deadline=0.3)

    def test_an_endpoint_beside_a_session_is_not_passed_over(self, server: EarthEngineServer) -> None:
        with pytest.raises(
            ValueError, match=rf"url given: 'https://else\.example'.*asks {server.url}.*ee\.Reset"
        ):
            tn.open_source("earthengine", url="https://else.example")
        assert tn.open_source("earthengine", url=server.url + "/", **FAST).project

    def test_a_worker_opens_it_anew(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", cache=False, page=7)
        raw = pickle.dumps(source)
        copy = pickle.loads(raw)
        assert isinstance(copy, EarthEngineSource)
        assert same(copy.pixel(*CUBE.place(0, 0), 2018).values, source.pixel(*CUBE.place(0, 0), 2018).values)


class TestSecrets:
    def test_nothing_secret_is_ever_shown(
        self, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(logging.DEBUG)
        with EarthEngineServer(scenes_of(CUBE)) as server:
            key = service_account(server.url)
            secrets = [key["private_key"].splitlines()[3], "ya29.of-a-service-account"]
            source = tn.open_source("earthengine", key=key, url=server.url, **FAST)
            told = [repr(source), str(vars(source)), pickle.dumps(source).decode("latin1")]
            for status in (400, 401, 403, 404, 429, 500):
                server.refuse(
                    status, f"Bearer {secrets[1]} and key={secrets[0]} and {key['private_key']}", times=5
                )
                with pytest.raises(ValueError) as caught:  # noqa: PT011 - the words are looked at below
                    source.pixel(*CUBE.place(0, 0), 2018)
                told.append(shown(caught.value))
                server.forgive()
            out, err = capfd.readouterr()
        ours = [r.getMessage() for r in caplog.records if r.name.startswith("timesen_nb")]
        for text in [*told, out, err, *ours, *os.listdir(os.environ["HOME"])]:
            assert not [s for s in secrets if s in text], text

    @pytest.mark.parametrize(
        "text",
        ["ya29.a0AfH6SM-x_y", "Bearer abc.def", "https://x/?key=SECRETKEY&a=1", "AIzaSyA-0123456789abcdef",
         "1//0gabcdefghijkl",         "-----BEGIN PRIVATE KEY-----\nSECRETKEY\n-----END PRIVATE KEY-----",
         "eyJhbGciOi.eyJpc3Mi.c2lnbmF0dXJl"],
    )  # fmt: skip
    def test_words_are_cleaned(self, text: str) -> None:
        clean = without_secrets(f"Invalid {text} given")
        assert "(secret)" in clean
        assert clean.startswith("Invalid ")
        assert not any(part in clean for part in ("SECRETKEY", "a0AfH6", "abc.def", "SyA-", "0gabc", "c2lnb"))


def shown(problem: BaseException) -> str:
    """All that a notebook prints of an exception."""
    import traceback

    return "".join(traceback.format_exception(problem))


def colab(secrets: dict[str, str]) -> ModuleType:
    """Colab's module, as far as secrets go."""

    class SecretNotFoundError(Exception):
        pass

    class NotebookAccessError(Exception):
        pass

    def get(name: str) -> str:
        if name not in secrets:
            raise SecretNotFoundError(name)
        return secrets[name]

    module, userdata = ModuleType("google.colab"), ModuleType("google.colab.userdata")
    for thing in (get, SecretNotFoundError, NotebookAccessError):
        setattr(userdata, thing.__name__, thing)
    module.userdata = userdata  # type: ignore[attr-defined]
    return module
