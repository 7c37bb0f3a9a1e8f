"""The watch over deployed versions: their logs are written as the host writes them, the clock is turned by hand."""

import json
import os
import random
from pathlib import Path

import msgspec
import pytest

from headwater.home import Home, open_home
from headwater.hosting.labels import add_labels
from headwater.hosting.monitor import windows
from headwater.hosting.monitor.files import read_report
from headwater.hosting.monitor.reference import profile_of
from headwater.hosting.monitor.watch import SETTLE_SECONDS, Monitor, look_now, read_watching, write_watching
from headwater.hosting.prediction_files import write_predictions
from headwater.hosting.predictions import Prediction, predictions_folder
from headwater.hosting.versions import find_version, service_aliases
from headwater.model.alert import DRIFTED, Alert
from headwater.model.ids import new_ulid
from headwater.model.service import DeployedVersion, MonitorOptions
from headwater.production.alerts.alerter import Alerter
from headwater.production.alerts.kept import Alerts
from headwater.production.alerts.limits import Limits
from tests.client.history import History
from tests.hosting.monitor.traffic import MOVIES, TWEETS, texts
from tests.hosting.versions_scene import deploy

SERVICE = """
from headwater import Canary, ServiceSpec, endpoint


class Sentiment(ServiceSpec):
    rollout = Canary(shadow="1h", steps=[50])
    source = "Learn/1"
    reference = {reference!r}
    learn_from = 200

    @endpoint
    def label(self, text: str) -> str:
        return "positive"
"""


class Scene:
    """A store with a service that learned from tweets, and a monitor."""

    def __init__(self, folder: Path, reference: object, named: str | None = "X_train") -> None:
        self.folder = folder
        self.home: Home = open_home(str(folder / "home"), make=True)
        self._history = History(self.home)
        self._learn(reference)
        project = folder / "p"
        project.mkdir()
        (project / "pyproject.toml").write_text("[project]\nname = 'p'\n")
        (project / "service.py").write_text(SERVICE.format(reference=named))
        self.deployed: DeployedVersion = deploy(self.home, str(project / "service.py")).deployed
        self.now = self.deployed.at
        self.said: list[str] = []
        self.monitor = self.another_monitor()
        self._count = 0

    def _learn(self, reference: object) -> None:
        run = self._history.run("Learn")
        run.task("start")
        run.task("train", after=["start"])
        run.task("end", {"X_train": reference}, after=["train"])
        run.finish()

    def another_monitor(self) -> Monitor:
        return Monitor(self.home, lambda: self.now, self.said.append)

    def roll_out(self, reference: object) -> DeployedVersion:
        """Deploy another version, from a run with another reference, that is to take over after a while unheard."""
        self._learn(reference)
        file = self.folder / "p" / "service.py"
        file.write_text(file.read_text().replace("Learn/1", "Learn/2"))
        # Python would take the bytecode of a file of the same size that was written within the same second.
        os.utime(file, (1_000_000_000, 1_000_000_000))
        done = deploy(self.home, str(file))
        assert done.rollout is not None
        return done.deployed

    def answer(
        self, values: list[str], *, status: int = 200, origin: str = "live", seconds: float = 90.0, version: int = 1
    ) -> list[str]:
        """Log answers, evenly over some seconds from now on; the clock goes on until they can be looked at."""
        entries = []
        for number, text in enumerate(values):
            at = self.now + seconds * number / len(values)
            body = json.dumps({"text": text})
            entries.append(
                Prediction(
                    new_ulid(at, self._count.to_bytes(10, "big")),
                    at,
                    "Sentiment",
                    version,
                    "label",
                    origin,
                    status,
                    0.01,
                    1.0,
                    body,
                    '"positive"',
                )
            )
            self._count += 1
        write_predictions(predictions_folder(self.home.path, "Sentiment"), entries, f"{self._count}")
        self.now += seconds + SETTLE_SECONDS
        return [entry.id for entry in entries]

    def look_at_labels(self) -> list[Alert]:
        (state,) = service_aliases(self.home.ledger).all()
        return self.monitor.look_at_labels(state)

    def look(self) -> list[Alert]:
        (state,) = service_aliases(self.home.ledger).all()
        return self.monitor.look(state)

    def published(self) -> list[str]:
        return [event.id for event in self.home.ledger.published(name=DRIFTED)]


@pytest.fixture(scope="module")
def tweets() -> list[str]:
    return texts(TWEETS)


@pytest.fixture
def scene(tmp_path, monkeypatch, tweets):
    monkeypatch.setenv("HEADWATER_USER", "ann")
    monkeypatch.delenv("HEADWATER_HOME", raising=False)
    made = Scene(tmp_path, tweets[:1500])
    yield made
    made.home.close()


def test_tweets_are_usual_and_film_reviews_are_told_through_a_channel(scene: Scene, tweets: list[str]) -> None:
    scene.answer(tweets[1500:1900])
    usual = scene.look()
    scene.answer(texts(MOVIES))
    (alert,) = scene.look()
    again = scene.look()
    scene.answer(texts(MOVIES))
    still = scene.look()

    assert (usual, again, still) == ([], [], [])
    assert alert.kind == "drift"
    assert alert.run == "Learn/1"
    assert alert.title.startswith("Sentiment@production: `text` is not what the model learned from: 0 % of texts have")
    assert "film (" in alert.text
    assert "X_train of Learn/1" in alert.text
    assert scene.published() == [alert.cause]
    alerter = Alerter(scene.home, {}, Limits(), clock=lambda: scene.now, note=scene.said.append)
    alerter.turn()
    alerter.turn()
    kept = Alerts(scene.home.ledger).get(alert.cause)
    assert kept is not None
    assert (kept.title, kept.count) == (alert.title, 1)


def test_the_page_and_the_command_say_what_differs(scene: Scene, tweets: list[str]) -> None:
    scene.answer(tweets[1500:1900])
    scene.look()
    quiet = read_report(scene.home.path, "Sentiment")
    scene.answer(texts(MOVIES))
    asked = look_now(scene.home, scene.deployed, scene.now)
    scene.look()
    page = (read_report(scene.home.path, "Sentiment") or b"").decode()

    assert b"Nothing differs from X_train of Learn/1" in (quiet or b"")
    assert asked.current is not None
    assert [finding.column for finding in asked.current.alarming][:1] == ["X_train"]
    assert scene.published() != []
    assert "text: not as in X_train of Learn/1" in page.replace("Text:", "text:")
    assert "<td>film</td>" in page
    assert "<svg" in page
    assert not any(mark in page for mark in ("<script", "http://", "https://", "src="))


def test_text_of_requests_is_never_markup_in_the_page(scene: Scene) -> None:
    draw = random.Random(1)
    evil = [f"{draw.choice('abc')} <script>alert(1)</script> <img onerror=x> &" for _ in range(300)]
    scene.answer(evil)
    scene.look()
    page = (read_report(scene.home.path, "Sentiment") or b"").decode()

    assert "script" in page
    assert not any(mark in page for mark in ("<script", "<img"))


def test_a_monitor_that_dies_after_telling_tells_nothing_twice(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.answer(texts(MOVIES))

    def die(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr("headwater.hosting.monitor.watch.write_watching", die)
        with pytest.raises(KeyboardInterrupt):
            scene.look()
    scene.monitor = scene.another_monitor()
    scene.look()

    assert len(scene.published()) == 1


def test_refused_and_shadowed_requests_are_not_looked_at(scene: Scene) -> None:
    scene.answer(texts(MOVIES), status=422)
    scene.answer(texts(MOVIES), origin="shadow")

    assert scene.look() == []
    assert read_watching(scene.home, scene.deployed) is None


def test_what_a_version_that_is_to_take_over_learned_from_is_compared_too(scene: Scene, tweets: list[str]) -> None:
    candidate = scene.roll_out(texts(MOVIES))
    scene.answer(tweets[1500:1900], origin="shadow", version=2)
    (alert,) = scene.look()
    again = scene.look()
    watching = read_watching(scene.home, candidate)
    page = Path(scene.home.path, "services", "Sentiment", "monitor", "2.html")
    seconds = scene.now - SETTLE_SECONDS - candidate.at

    assert alert.title.startswith("Sentiment@production: `text` is not what version 2, which is to take over, learned")
    assert str(page) in alert.text
    assert b"version 2" in page.read_bytes()
    assert read_report(scene.home.path, "Sentiment") is None
    assert (again, scene.published()) == ([], [alert.cause])
    assert watching is not None and watching.last is not None
    assert watching.last.alpha == pytest.approx(windows.alpha_of(MonitorOptions(), seconds) / 2)


def test_what_people_know_of_the_live_version_is_not_told_again_of_the_next_one(scene: Scene) -> None:
    scene.roll_out(["a b c d e"] * 1500)
    scene.answer(texts(MOVIES))
    first = scene.look()
    watching = read_watching(scene.home, scene.deployed)
    alpha = windows.alpha_of(MonitorOptions(), scene.now - SETTLE_SECONDS - scene.deployed.at) / 2
    scene.answer(texts(MOVIES), version=2)
    second = scene.look()

    assert (len(first), second) == (1, [])
    assert watching is not None and watching.last is not None
    assert watching.last.alpha == pytest.approx(alpha)


def test_without_a_reference_the_next_version_learns_when_it_answers(tmp_path: Path, tweets: list[str]) -> None:
    scene = Scene(tmp_path, tweets[:10], named=None)
    scene.roll_out(tweets[:10])
    scene.answer(tweets[:300], version=2)
    scene.look()

    assert profile_of(scene.home.ledger, "Sentiment", 2) is None
    scene.home.close()


def test_a_watch_that_does_not_read_begins_anew_when_it_was_written(scene: Scene, tweets: list[str]) -> None:
    scene.answer(tweets[1500:1900])
    scene.look()
    path = Path(scene.home.path, "services", "Sentiment", "monitor", "1.json")
    path.write_text("{")
    found = read_watching(scene.home, scene.deployed)

    assert found is not None
    assert found.looked_at == path.stat().st_mtime


def test_without_a_reference_the_first_requests_are_normal_and_it_is_said(tmp_path: Path, tweets: list[str]) -> None:
    scene = Scene(tmp_path, tweets[:10], named=None)
    scene.answer(tweets[:150])
    scene.look()
    few = look_now(scene.home, scene.deployed, scene.now)
    scene.answer(tweets[150:450])
    scene.look()
    profile = profile_of(scene.home.ledger, "Sentiment", 1)
    scene.answer(texts(MOVIES))
    (alert,) = scene.look()

    assert (few.profile, few.learned) == (None, 150)
    assert profile is not None
    assert (profile.is_learned, profile.rows, profile.origin) == (True, 200, "the first 200 requests")
    assert "There is no reference artifact" in alert.text
    scene.home.close()


@pytest.mark.parametrize(
    "reference, why",
    [
        (7, "artifact `X_train` (int) has no rows"),
        ([{"age": 3, "plan": "plus"}] * 9, "has no column that requests have"),
    ],
)
def test_a_reference_that_is_of_no_use_is_said_and_requests_are_learned(
    tmp_path: Path, tweets: list[str], reference: object, why: str
) -> None:
    scene = Scene(tmp_path, reference)
    for start in range(0, 900, 300):
        scene.answer(tweets[start : start + 300])
        scene.look()
    profile = profile_of(scene.home.ledger, "Sentiment", 1)

    assert profile is not None
    assert profile.is_learned
    assert why in profile.problem
    scene.home.close()


def test_answers_that_turn_out_to_be_wrong_are_told(scene: Scene, tweets: list[str]) -> None:
    scene.now += 86400
    ids = scene.answer(tweets[1500:1800])
    scene.look()
    add_labels(scene.home.path, "Sentiment", [(id, "positive") for id in ids], scene.now)
    first = scene.look_at_labels()
    later = scene.answer(tweets[1800:2200], seconds=900.0)
    add_labels(scene.home.path, "Sentiment", [(id, "negative") for id in later], scene.now)
    (alert,) = scene.look_at_labels()
    again = scene.look_at_labels()

    assert (first, again) == ([], [])
    assert "answers are wrong more often: 100 % of them, 0 % before" in alert.text
    assert scene.published() == [alert.cause]
    assert b"answers are wrong more often" in (read_report(scene.home.path, "Sentiment") or b"")


def test_busy_services_are_sampled(scene: Scene, tweets: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater.hosting.monitor.watch.MOST_ROWS", 300)
    scene.answer(tweets * 2)
    scene.look()
    watching = read_watching(scene.home, scene.deployed)

    assert watching is not None
    assert watching.last is not None
    assert watching.last.rows == 300


def test_what_is_wrong_with_one_service_is_said_once(scene: Scene) -> None:
    folder = Path(predictions_folder(scene.home.path, "Sentiment"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("no folder")
    scene.now += 1000
    scene.monitor.turn()
    scene.monitor.turn()

    assert len(scene.said) == 1
    assert "could not be looked at" in scene.said[0]


def test_the_state_of_a_watch_survives_its_file(scene: Scene) -> None:
    scene.answer(texts(MOVIES))
    scene.look()
    found = read_watching(scene.home, scene.deployed)
    assert found is not None
    write_watching(scene.home, found)

    assert found == read_watching(scene.home, find_version(scene.home.ledger, "Sentiment", 1))
    assert msgspec.json.encode(found) == msgspec.json.encode(read_watching(scene.home, scene.deployed))
    assert found.last is not None
    assert isinstance(found.last, windows.Window)
