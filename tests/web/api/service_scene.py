"""A store with a service of project fraud and two versions of it, one of which is to take over."""

import json
import shutil

from headwater.deployments.owners import Person
from headwater.home import Home, open_home
from headwater.hosting.prediction_files import write_predictions
from headwater.hosting.predictions import Prediction, predictions_folder
from headwater.model.ids import new_ulid
from headwater.model.production import Project
from tests.client.history import History
from tests.hosting.versions_scene import deploy, write_service
from tests.web.api.site import Site

PEOPLE = {
    "root": {"*": "admin"},
    "ann": {"fraud": "deployer"},
    "bea": {"fraud": "deployer"},
    "run": {"fraud": "runner"},
    "cem": {"fraud": "viewer"},
    "dan": {"ads": "admin", "": "deployer"},
}
_CANARY = 'rollout = __import__("headwater").Canary(shadow="1h", steps=[10, 50])'


def make_store(folder):
    """Make the store and deploy; takes a second or two. Gives its folder, and ann's token of the service."""
    home = open_home(str(folder / "home"), user="ann", make=True)
    run = History(home).run("Learn", project=Project("fraud", "prod", is_production=True))
    run.task("start")
    run.task("train", after=["start"])
    run.task("end", {"learned": 5}, after=["train"])
    run.finish()
    deploy(home, write_service(folder / "p"), note="the first")
    deploy(home, write_service(folder / "p", body="number *= 2", more=_CANARY))
    home.close()
    return home.path, Person(home, {"HOME": home.path}).kept.get("Adder@production")


class ServiceScene:
    """A copy of that store, and its application."""

    def __init__(self, store, folder):
        self.folder = str(folder / "home")
        path, self.token = store
        shutil.copytree(path, self.folder)
        self.home = Home(self.folder, "ann")
        self.site = Site(Home(self.folder, "ann"))
        self.site.people = dict(PEOPLE)
        self._count = 0

    def log(
        self, at, count=1, *, version=1, status=200, origin="live", seconds=0.01, share=1.0, endpoint="add", first=0
    ):
        """Write answers to the prediction log, one a second."""
        entries = []
        for number in range(count):
            self._count += 1
            entries.append(
                Prediction(
                    new_ulid(at + number, self._count.to_bytes(10, "big")),
                    at + number,
                    "Adder",
                    version,
                    endpoint,
                    origin,
                    status,
                    seconds * (number + 1),
                    share,
                    json.dumps({"number": first + number}),
                    str(number + 5),
                )
            )
        write_predictions(predictions_folder(self.folder, "Adder"), entries, f"{at:.3f}-1-{self._count:06}")
        return [entry.id for entry in entries]

    def close(self):
        self.site.close()
        self.site.home.close()
        self.home.close()
