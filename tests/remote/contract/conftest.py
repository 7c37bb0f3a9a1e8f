"""The contract of ledgers, over HTTP: what the port's methods mean.

Who may do what, and which objects may be referred to, has tests of its own; the stories of the contract know neither
people nor stored objects, so that these checks are left out here and the whole ledger is asked.
"""

import pytest

from headwater.web import app
from headwater.web.api import remote_ledger, remote_runs
from headwater.web.scope.belongings import Belongings

_BESIDE = "done where the store is, and refused from elsewhere"
_INSIDE = "looks into the database of the other implementations"
_FAILS = "shows what a driver's mistake does: the server answers that it failed, with none of its words"
_OWN = "counts all changes: a server's own accounts, tokens and audit log are among them"
#: By what their names begin with.
LEFT_OUT = {
    "test_a_cursor_moves_with_the_firings": _BESIDE,
    "test_only_small_objects_that_nobody_holds": _BESIDE,
    "test_everything_that_a_run_holds_is_named": _BESIDE,
    "test_the_oldest_run_that_is_not_finished": _BESIDE,
    "test_a_check_of_a_whole_ledger": _BESIDE,
    "test_a_run_whose_driver_is_gone_is_worth": _BESIDE,
    "test_a_small_object_that_is_missing_is_named": _BESIDE,
    "test_a_small_object_stays_as_long_as": _BESIDE,
    "test_a_small_object_that_a_runs_environment_is": _BESIDE,
    "test_what_is_held_is_listed_whole": _BESIDE,
    "test_what_the_latest_version_holds": _BESIDE,
    "test_the_environments_of_a_run_are_referred_to": _BESIDE,
    "test_the_header_of_what_a_record_holds": _BESIDE,
    "test_one_process_at_a_time_has_a_role": _BESIDE,
    "test_a_second_ledger_of_one_process": _BESIDE,
    "test_a_ledger_that_is_closed_gives_its_roles_up": _BESIDE,
    "test_a_version_that_is_not_the_next_one_is_refused_with_all": _BESIDE,
    "test_small_objects_are_read_back": _BESIDE,
    "test_the_indexed_items_of_a_foreach": _BESIDE,
    "test_what_is_no_cursor_is_a_mistake_that_says_so[\\ud800]": "what is no text cannot even be sent",
    "test_tags_that_no_reader_sees_as_they_are_are_refused[\\ud800]": "what is no text cannot even be sent",
    "test_a_run_waits_when_nobody_drives_it": _INSIDE,
    "test_a_run_that_ended_waits_at_no_gate": _INSIDE,
    "test_a_thousand_runs_are_launched": _INSIDE,
    "test_a_finished_stream_takes_nothing_from_a_lease": _INSIDE,
    "test_an_event_that_has_the_id_of_an_end": _INSIDE,
    "test_the_end_of_a_queued_run_leaves": _INSIDE,
    "test_a_launch_that_fails": _FAILS,
    "test_a_firing_and_its_run_must_say": _FAILS,
    "test_a_store_has_at_most_one_run_of_a_key": _FAILS,
    "test_nothing_is_published_of_a_run_whose_end": _FAILS,
    "test_a_start_that_fails": _FAILS,
    "test_an_append_that_fails": _FAILS,
    "test_a_write_that_fails_leaves_no_change": _FAILS,
    "test_every_write_about_a_run_is_a_change": _OWN,
    "test_a_run_that_was_written_often_since": _OWN,
    "test_records_events_and_firings_are_changes": _OWN,
    "test_an_event_that_a_run_published_tells_the_run": _OWN,
    "test_changes_come_in_parts": _OWN,
}


def pytest_collection_modifyitems(items):
    for item in items:
        reason = next((why for name, why in LEFT_OUT.items() if item.name.startswith(name)), None)
        if reason is not None and "remote/contract" in str(item.path):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def ledger(served, monkeypatch):
    """The ledger of a real server, over HTTP."""
    monkeypatch.setattr(app, "scoped", lambda ledger, *who: ledger)
    monkeypatch.setattr(Belongings, "readable", lambda self, access, digests: set(digests))
    for module in (remote_ledger, remote_runs):
        monkeypatch.setattr(module, "checked_commit", lambda asked, commit: commit)
    monkeypatch.setattr(remote_ledger, "require_records", lambda *asked: None)
    monkeypatch.setattr(remote_ledger, "require_held_refs", lambda *asked: None)
    ledger = served.ledger()
    yield ledger
    ledger.close()
