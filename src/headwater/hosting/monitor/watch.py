"""The monitor's turn: reads new requests from the log, looks at windows, tells people and writes the page."""

import os
from collections.abc import Callable, Iterator
from itertools import islice

import msgspec

from headwater.home import Home
from headwater.hosting.labels import FOLDER as LABELS
from headwater.hosting.labels import read_labelled
from headwater.hosting.monitor.columns import rows_of_request
from headwater.hosting.monitor.files import monitor_folder, page_path, write_whole
from headwater.hosting.monitor.profile import Profile, learn_profile
from headwater.hosting.monitor.reference import NoReference, keep_profile, profile_of, profile_version
from headwater.hosting.monitor.report import Seen, report_page
from headwater.hosting.monitor.truth import Labelled, after_labels, error_of
from headwater.hosting.monitor.windows import (
    FEWEST_ROWS,
    MOST_ROWS,
    WINDOW_SECONDS,
    TimedRow,
    Watching,
    Window,
    after_window,
    begin_watching,
    cause_of,
    is_full,
    look_at,
    names_of,
    with_alarms,
)
from headwater.hosting.monitor.wording import drift_alert
from headwater.hosting.predictions import read_predictions
from headwater.hosting.rollout.records import Rollouts
from headwater.hosting.telling import publish_alert
from headwater.hosting.versions import find_version, service_aliases, target_of
from headwater.model.alert import DRIFTED, Alert
from headwater.model.deployment import AliasState
from headwater.model.errors import HeadwaterError
from headwater.model.service import DeployedVersion, MonitorOptions

#: Seconds that requests take at most until they are in the log.
SETTLE_SECONDS = 8.0
#: Rows of one file of the log that are looked at: busy services are sampled.
_ROWS_OF_TABLE = 1000
#: Probability with which a look that somebody asks for may be wrong: it does not draw on the month's.
LOOK_ALPHA = 0.001
_COLUMNS = ("at", "endpoint", "origin", "status", "request")


class _Watched(msgspec.Struct, frozen=True):
    """A version that is looked at."""

    deployed: DeployedVersion
    #: What is normal.
    profile: Profile
    options: MonitorOptions
    #: It is to take over, and another one is live.
    is_candidate: bool = False


class Monitor:
    """Watches the live versions of all services of a store, and those that are to take over."""

    def __init__(self, home: Home, clock: Callable[[], float], say: Callable[[str], None]) -> None:
        """Take what it needs.

        Args:
            home: the store.
            clock: Unix time.
            say: gets what happens.
        """
        self._home = home
        self._rollouts = Rollouts(home.ledger)
        self._clock = clock
        self._say = say
        #: By version: decoding a profile takes longer than looking whether there is a window.
        self._profiles: dict[str, Profile] = {}
        #: Why the reference of a version is of no use.
        self._problems: dict[str, str] = {}
        self._said: dict[str, str] = {}
        #: By version: when labels were written that were looked at.
        self._labels: dict[str, float] = {}

    def turn(self) -> None:
        """Look at every service; what is wrong with one keeps nobody from watching the others."""
        for state in service_aliases(self._home.ledger).all():
            try:
                self.look(state)
                self.look_at_labels(state)
                self._said.pop(state.name, None)
            except (HeadwaterError, OSError) as error:
                self._complain(state.name, str(error))

    def look(self, state: AliasState) -> list[Alert]:
        """Look at one service if a window of it is full; gives the alerts that were raised.

        While a version is to take over, what it was asked is compared with what it learned from too, and each of both
        versions has half of the false alarms.
        """
        live = find_version(self._home.ledger, state.name, state.number)
        rollout = self._rollouts.active(state.name)
        if rollout is None or rollout.number == state.number:
            return self._look(live, live.version.definition.monitor)
        candidate = find_version(self._home.ledger, state.name, rollout.number)
        alerts = self._look(live, _half(live.version.definition.monitor))
        return alerts + self._look(candidate, _half(candidate.version.definition.monitor), live)

    def _look(
        self, deployed: DeployedVersion, options: MonitorOptions, live: DeployedVersion | None = None
    ) -> list[Alert]:
        """Look at one version; `live` is the one that it is to take over from, None when it answers itself."""
        profile = self._profile(deployed, learns=live is None)
        if profile is None:
            return []
        now = self._clock() - SETTLE_SECONDS
        begun = begin_watching(deployed.service, deployed.number, deployed.at)
        watching = read_watching(self._home, deployed) or begun
        if now - watching.looked_at < WINDOW_SECONDS:
            return []
        rows = list(logged_rows(self._home, deployed, watching.looked_at, now, with_shadow=live is not None))
        if not is_full(len(rows), now - watching.looked_at):
            return []
        if not names_of(profile, rows) and not profile.is_learned:
            self._problems[deployed.version.name] = f"{profile.origin} has no column that requests have"
            self._profiles.pop(deployed.version.name)
            return []
        before = None if live is None else read_watching(self._home, live)
        if before is not None:
            # What people know of the live version's requests need not be told of the same requests again.
            watching = msgspec.structs.replace(watching, told={**before.told, **watching.told})
        watched = _Watched(deployed, profile, options, is_candidate=live is not None)
        return self._take(watched, watching, thinned(rows, MOST_ROWS), now)

    def look_at_labels(self, state: AliasState) -> list[Alert]:
        """Compare the answers whose labels came with the first ones; gives the alerts that were raised."""
        deployed = find_version(self._home.ledger, state.name, state.number)
        written = labels_written(self._home.path, state.name)
        if not written or self._labels.get(deployed.version.name) == written:
            return []
        self._labels[deployed.version.name] = written
        watching = read_watching(self._home, deployed)
        if watching is None:
            return []
        since = deployed.at if watching.truth is None else watching.truth.looked_at + 0.001
        answers = labelled_answers(self._home, deployed, since)
        options = deployed.version.definition.monitor
        after, window = after_labels(watching, answers, self._clock(), options)
        if after is watching:
            return []
        alerts: list[Alert] = []
        if window is not None and after.truth is not None:
            after, alerts = self._tell(_Watched(deployed, after.truth.usual, options), after, window)
        write_watching(self._home, after)
        write_page(self._home, Seen(deployed, self._profile(deployed), after))
        return alerts

    def _tell(self, watched: _Watched, watching: Watching, window: Window) -> tuple[Watching, list[Alert]]:
        """Note what a look found, and tell people of what is new."""
        cause = cause_of(watching, window)
        after, new = with_alarms(watching, window)
        if not new:
            return after, []
        deployed = watched.deployed
        alert = drift_alert(
            deployed,
            target_of(deployed.service),
            watched.profile,
            window,
            new,
            cause,
            page_path(self._home.path, deployed.service, deployed.number if watched.is_candidate else None),
            is_candidate=watched.is_candidate,
        )
        # Told before the watch is written: a process that dies in between tells it again, as the same event.
        publish_alert(self._home.ledger, DRIFTED, alert, deployed.service, deployed.number)
        self._say(alert.title)
        return after, [alert]

    def _take(self, watched: _Watched, watching: Watching, rows: list[TimedRow], until: float) -> list[Alert]:
        after, looks = after_window(watching, watched.profile, rows, until, watched.options)
        alerts: list[Alert] = []
        for window in looks:
            after, told = self._tell(watched, after, window)
            alerts += told
        write_watching(self._home, after)
        write_page(self._home, Seen(watched.deployed, watched.profile, after), is_candidate=watched.is_candidate)
        return alerts

    def _profile(self, deployed: DeployedVersion, *, learns: bool = True) -> Profile | None:
        key = deployed.version.name
        if key in self._profiles:
            return self._profiles[key]
        found = None
        if key not in self._problems:
            try:
                found = profile_version(self._home, deployed, self._clock())
            except NoReference as reason:
                self._problems[key] = reason.message
        if found is None and learns:
            found = self._learn(deployed, self._problems[key])
        if found is not None:
            self._profiles[key] = found
        return found

    def _learn(self, deployed: DeployedVersion, problem: str) -> Profile | None:
        """Learn normal input from the first requests; None while there are too few."""
        needed = deployed.version.definition.monitor.learn_from
        rows = list(islice(logged_rows(self._home, deployed, deployed.at, self._clock()), needed))
        if len(rows) < needed:
            write_page(self._home, Seen(deployed, None, None, len(rows), problem))
            return None
        learned = learn_profile([timed.row for timed in rows], f"the first {needed:,} requests", is_learned=True)
        profile = msgspec.structs.replace(learned, problem=problem)
        write_watching(self._home, begin_watching(deployed.service, deployed.number, rows[-1].at + 0.001))
        return keep_profile(self._home.ledger, deployed, profile, self._clock(), is_instead=True)

    def _complain(self, service: str, text: str) -> None:
        if self._said.get(service) != text:
            self._said[service] = text
            self._say(f"the requests of {service} could not be looked at: {text}")


def look_now(home: Home, deployed: DeployedVersion, now: float) -> Seen:
    """Give how the watch stands, with a look at what has come since the last window; nobody is told of it."""
    profile = profile_of(home.ledger, deployed.service, deployed.number)
    if profile is None:
        needed = deployed.version.definition.monitor.learn_from
        count = sum(1 for _ in islice(logged_rows(home, deployed, deployed.at, now), needed))
        return Seen(
            deployed, None, None, count, "" if deployed.version.definition.reference else "it names no reference"
        )
    watching = read_watching(home, deployed) or begin_watching(deployed.service, deployed.number, deployed.at)
    rows = thinned(list(logged_rows(home, deployed, watching.looked_at, now)), MOST_ROWS)
    is_enough = len(rows) >= FEWEST_ROWS
    current = look_at(profile, rows, watching.looked_at, now, LOOK_ALPHA) if is_enough else None
    return Seen(deployed, profile, watching, current=current, waiting=len(rows))


def logged_rows(
    home: Home, deployed: DeployedVersion, since: float, until: float, *, with_shadow: bool = False
) -> Iterator[TimedRow]:
    """Give the rows that a version answered (also unheard, `with_shadow`), in order of time; of a busy one a part."""
    damaged: list[str] = []
    tables = read_predictions(
        home.path,
        deployed.service,
        since=since,
        until=until,
        version=deployed.number,
        columns=_COLUMNS,
        damaged=damaged,
    )
    for table in tables:
        every = max(1, table.num_rows // _ROWS_OF_TABLE)
        for each in table.take(list(range(0, table.num_rows, every))).sort_by("at").to_pylist():
            if each["status"] < 400 and (with_shadow or each["origin"] != "shadow"):
                for row in rows_of_request(each["request"]):
                    yield TimedRow(each["at"], each["endpoint"], row)


def labelled_answers(home: Home, deployed: DeployedVersion, since: float) -> list[Labelled]:
    """Give the answers of a version whose labels came, from a time on, in order of time."""
    damaged: list[str] = []
    columns = ("at", "endpoint", "origin", "status", "answer")
    tables = read_labelled(
        home.path, deployed.service, since=since, version=deployed.number, columns=columns, damaged=damaged
    )
    found = [
        Labelled(each["at"], each["endpoint"], error)
        for table in tables
        for each in table.to_pylist()
        if each["status"] < 400
        and each["origin"] != "shadow"
        and (error := error_of(each["answer"], each["label"])) is not None
    ]
    return sorted(found, key=lambda one: one.at)


def labels_written(home: str, service: str) -> float:
    """Say when labels of a service were written last; 0 = there are none."""
    folder = os.path.join(home, "services", service, LABELS)
    try:
        return max((entry.stat().st_mtime for entry in os.scandir(folder)), default=0.0)
    except FileNotFoundError:
        return 0.0


def thinned(rows: list[TimedRow], most: int) -> list[TimedRow]:
    """Give so many rows at most, evenly from all."""
    return rows if len(rows) <= most else [rows[place * len(rows) // most] for place in range(most)]


def read_watching(home: Home, deployed: DeployedVersion) -> Watching | None:
    """Give how the watch over a version stands; None when it has not begun.

    What cannot be read (damaged, or of another Headwater) begins anew when it was written: nothing is looked at twice.
    """
    path = _watching_path(home, deployed.service, deployed.number)
    try:
        with open(path, "rb") as file:
            body = file.read()
        return msgspec.json.decode(body, type=Watching)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:
        return begin_watching(deployed.service, deployed.number, os.stat(path).st_mtime)


def write_watching(home: Home, watching: Watching) -> None:
    """Keep how a watch stands."""
    write_whole(_watching_path(home, watching.service, watching.version), msgspec.json.encode(watching))


def write_page(home: Home, seen: Seen, *, is_candidate: bool = False) -> None:
    """Write the page about a service's requests; that of a version which is to take over lies beside it."""
    deployed = seen.deployed
    path = page_path(home.path, deployed.service, deployed.number if is_candidate else None)
    write_whole(path, report_page(seen))


def _half(options: MonitorOptions) -> MonitorOptions:
    return msgspec.structs.replace(options, false_alarms=options.false_alarms / 2)


def _watching_path(home: Home, service: str, number: int) -> str:
    return os.path.join(monitor_folder(home.path, service), f"{number}.json")
