"""A store with deployments of flows of two projects and of none, and its application."""

from headwater.home import Home
from tests.deployments.desk import Desk
from tests.web.api.site import Site

#: Runs at six every day.
DAILY = '@schedule(cron="0 6 * * *", timezone="Europe/Berlin")'


class Scene:
    """Ann deploys; Bea may deploy too, in project fraud; Cem only looks; Dan sees another project, Eve none."""

    def __init__(self, folder):
        self.desk = Desk(folder)
        self.site = Site(Home(self.desk.home_folder, "ann"))
        self.site.people = {
            "root": {"*": "admin"},
            "ann": {"fraud": "deployer", "": "deployer"},
            "bea": {"fraud": "deployer"},
            "run": {"fraud": "runner"},
            "cem": {"fraud": "viewer"},
            "dan": {"ads": "admin"},
            "eve": {},
        }

    @property
    def ledger(self):
        return self.desk.home.ledger

    def close(self):
        self.site.close()
        self.site.home.close()
        self.desk.home.close()

    def deploy(self, project="fraud", name="Churn", decorators=DAILY, user="ann", **more):
        """Deploy a flow as production; gives the alias's name."""
        of = f'@project(name="{project}")\n' if project else ""
        self.desk.write(decorators=f"{of}{decorators}", name=name, **more)
        token = self.desk.person().kept.get(f"{project}.{name}@production") if user == "ann" else None
        self.desk.production(user=user, token=token)
        return f"{project}.{name}@production" if project else f"{name}@production"
