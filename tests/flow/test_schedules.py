"""`@schedule` becomes data; what never fires or names no zone is refused where it stands."""

import sys
import zoneinfo
from collections.abc import Iterator

import msgspec
import pytest

from headwater.flow.cron import checked_cron, checked_zone
from headwater.model.errors import InvalidDecorator
from headwater.model.production import Schedule
from tests.flow.flow_files import FlowFiles

FLOW = """
{decorators}
class F(FlowSpec):
    alpha = Parameter("alpha", default=0.5)
    day = Parameter("day", {day})

    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass
"""


def flow(decorators: str, day: str = "default='x'") -> str:
    return FLOW.format(decorators=decorators, day=day)


def schedules(flows: FlowFiles, decorators: str) -> tuple[Schedule, ...]:
    graph, mistakes = flows.check(flow(decorators))
    assert graph is not None, mistakes
    return graph.production.schedules


@pytest.mark.parametrize(
    ("given", "cron"),
    [
        ("", "0 0 * * *"),
        ("daily=True", "0 0 * * *"),
        ('daily="06:00"', "0 6 * * *"),
        ('daily="23:59"', "59 23 * * *"),
        ("hourly=True", "0 * * * *"),
        ("weekly=True", "0 0 * * 0"),
        ('weekly="mon 06:30"', "30 6 * * 1"),
        ('weekly="Saturday"', "0 0 * * 6"),
        ("weekly=True, daily=False", "0 0 * * 0"),
        ('cron=" 0  6 * *   mon-fri "', "0 6 * * mon-fri"),
        ('cron="0 0 29 2 *"', "0 0 29 2 *"),
        ('cron="0 0 L * *"', "0 0 L * *"),
        ('cron="0 0 31 2 5"', "0 0 31 2 5"),
    ],
)
def test_a_schedule_becomes_a_cron_expression(flows: FlowFiles, given: str, cron: str) -> None:
    assert schedules(flows, f"@schedule({given})") == (Schedule(cron=cron, name=cron),)


def test_a_bare_schedule_is_daily(flows: FlowFiles) -> None:
    assert [each.cron for each in schedules(flows, "@schedule")] == ["0 0 * * *"]


@pytest.mark.parametrize(
    ("six", "five"),
    [
        ("0 6 * * ? *", "0 6 * * *"),
        ("0/15 * ? * MON-FRI *", "0/15 * * * MON-FRI"),
        ("0 6 ? * 1 *", "0 6 * * 0"),
        ("0 6 ? * 2-6 *", "0 6 * * 1-5"),
        ("0 6 ? * 2-6/2 *", "0 6 * * 1-5/2"),
        ("0 6 ? * 6#3 *", "0 6 * * 5#3"),
        ("0 6 ? * L *", "0 6 * * 6"),
        ("0 6 L * ? *", "0 6 L * *"),
    ],
)
def test_six_fields_of_other_schedulers_are_taken_when_five_say_the_same(six: str, five: str) -> None:
    assert checked_cron(six) == five


@pytest.mark.parametrize(
    ("cron", "why"),
    [
        ("0 0 30 2 *", "it never fires: no such month has a day 30"),
        ("0 0 31 2,4,6 *", "it never fires: no such month has a day 31"),
        ("0 6 * *", "it has 4 fields"),
        ("0 6 * * * * *", "it has 7 fields"),
        ("61 6 * * *", "`61` is no minute"),
        ("0 24 * * *", "`24` is no hour"),
        ("0 6 32 * *", "`32` is no day of the month"),
        ("0 6 * 13 *", "`13` is no month"),
        ("0 6 * * someday", "`someday` is no day of the week"),
        ("@daily", "it has 1 fields"),
        ("0 6 ? * *", "`?` is no day of the month"),
        ("0 6 * * ? 2026", "five fields know no year"),
        ("0 6 15W * ? *", "`W` has no like among five fields"),
        ("", "it has 0 fields"),
    ],
)
def test_what_never_fires_or_cannot_be_read_is_refused(cron: str, why: str) -> None:
    with pytest.raises(InvalidDecorator) as raised:
        checked_cron(cron)

    assert raised.value.message.startswith(f"`@schedule(cron={cron!r})`: {why}")
    assert raised.value.hint


def test_everything_that_a_schedule_says_is_kept(flows: FlowFiles) -> None:
    decorators = """@schedule(daily="06:00", timezone="Europe/Berlin", name="early", missed="all", window="2d",
          jitter="5m", starts="2026-01-01", ends="2026-12-31", parameters={"alpha": 0.7})"""

    (found,) = schedules(flows, decorators)

    assert msgspec.structs.asdict(found) | {"parameters": None} == {
        "cron": "0 6 * * *",
        "name": "early",
        "timezone": "Europe/Berlin",
        "missed": "all",
        "window_seconds": 172800.0,
        "jitter_seconds": 300.0,
        "starts_at": 1767222000.0,  # midnight in Berlin
        "ends_at": 1798757999.0,  # the last second of the day there
        "parameters": None,
    }
    assert {name: msgspec.json.decode(value) for name, value in found.parameters.items()} == {"alpha": 0.7}


def test_times_with_a_zone_of_their_own_mean_that(flows: FlowFiles) -> None:
    (found,) = schedules(flows, '@schedule(starts="2026-01-01T00:00+00:00", timezone="Asia/Tokyo")')

    assert found.starts_at == 1767225600.0


def test_schedules_stack_in_the_order_written(flows: FlowFiles) -> None:
    found = schedules(flows, '@schedule(hourly=True)\n@schedule(weekly=True, name="sunday")')

    assert [each.name for each in found] == ["0 * * * *", "sunday"]


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ('timezone="Europe/Berln"', "there is no such time zone", "did you mean `Europe/Berlin`?"),
        ('timezone="Berlin"', "there is no such time zone", "did you mean `Europe/Berlin`?"),
        ('timezone="../etc/passwd"', "there is no such time zone", "a zone is called like"),
        ("timezone=3", "there is no such time zone", "a zone is called like"),
        ('cron="0 6 * * *", daily=True', "`@schedule` was given `cron` and `daily`", "of its own"),
        ('daily="6am"', "that is no time of day", '"06:00"'),
        ('daily="24:00"', "that is no time of day", '"06:00"'),
        ('weekly="someday"', "no such day and time", "mon 06:00"),
        ("cron=5", "cron must be a text", "0 6 * * *"),
        ('missed="later"', "missed is none of the choices", "none, latest, all"),
        ('window="2d"', 'means nothing without missed="all"', 'missed="all"'),
        ('jitter="5 parsecs"', "jitter must be a duration", '"5m"'),
        ("jitter=-3", "jitter must be a duration", '"5m"'),
        ('missed="all", window=0', "window must be a duration", '"2d"'),
        ('ends="soon"', "that is no date", "2026-12-31"),
        ('starts="2026-05-01", ends="2026-04-01"', "it ends (2026-04-01) before it starts (2026-05-01)", ""),
        ('name="with blanks"', "cannot be the name of a schedule", "letters"),
        ("every=5", "`@schedule` takes no `every`", "`@schedule` takes: cron"),
        ('parameters={"alpha": object()}', "cannot be written as JSON", "numbers"),
        ('parameters=["alpha"]', "a dictionary is expected", "region"),
        ('parameters={"beta": 1}', "there is no parameter `beta`", "alpha, day"),
        ('parameters={"alpha": "high"}', "parameter `alpha`", ""),
    ],
)
def test_a_wrong_schedule_is_told_with_its_line(flows: FlowFiles, given: str, message: str, hint: str) -> None:
    graph, mistakes = flows.check(flow(f"@project(name='p')\n@schedule({given})"))

    assert graph is None
    (found,) = mistakes
    assert message in found.message
    assert hint in found.hint
    assert found.line == 4


def test_two_schedules_of_one_name_are_told(flows: FlowFiles) -> None:
    graph, mistakes = flows.check(flow('@schedule(hourly=True, name="a")\n@schedule(daily=True, name="a")'))

    assert graph is None
    assert [(each.line, each.message) for each in mistakes] == [(4, "two schedules are called `a`, here and in line 3")]


def test_every_mistake_of_every_decorator_is_told_at_once(flows: FlowFiles) -> None:
    decorators = '@schedule(cron="0 0 30 2 *")\n@project(name="Not this")\n@trigger(evnt="x")\n@run_policy(retries=-1)'

    assert len(flows.errors(flow(decorators))) == 4


@pytest.mark.parametrize(
    ("decorator", "messages"),
    [
        (
            '@schedule(cron="61 * * * *", timezone="Europe/Berln", missed="later", jitter=-3, ends="soon", name="a b")',
            ("is no minute", "no such time zone", "that is no date", "none of the choices", "jitter", "cannot be the"),
        ),
        ('@schedule(every=5, weekly="someday", parameters=[1])', ("no `every`", "no such day", "a dictionary is")),
        (
            '@run_policy(retry=1, overlap="never", pool="a b", retries=-1, timeout="x", minutes_between_retries="x")',
            ("no `retry`", "overlap", "name of a pool", "timeout must", "retries must", "minutes_between_retries must"),
        ),
        ('@alert(by="8am", timezone="Berln")', ("no time of day", "no such time zone")),
    ],
)
def test_every_mistake_of_one_decorator_is_told_at_once(
    flows: FlowFiles, decorator: str, messages: tuple[str, ...]
) -> None:
    graph, mistakes = flows.check(flow(decorator))

    assert graph is None
    assert len(messages) == len(mistakes)
    assert {message for message in messages if any(message in each.message for each in mistakes)} == set(messages)
    assert {each.line for each in mistakes} == {3}


def test_a_schedule_on_a_step_does_not_import(flows: FlowFiles) -> None:
    with pytest.raises(Exception, match="`@schedule` belongs on the flow's class, not on `start`"):
        flows.load(flow("").replace("    @step\n    def start", "    @schedule\n    @step\n    def start"))


@pytest.fixture
def without_zones(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in {"tzdata", *(known for known in sys.modules if known.startswith("tzdata."))}:
        monkeypatch.setitem(sys.modules, name, None)
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()


@pytest.mark.usefixtures("without_zones")
def test_a_machine_without_a_database_of_zones_is_told_so() -> None:
    assert checked_zone("schedule", "UTC") == "UTC"
    with pytest.raises(InvalidDecorator, match="this machine has no database of time zones") as raised:
        checked_zone("schedule", "Europe/Berlin")

    assert raised.value.hint == "pip install tzdata"
