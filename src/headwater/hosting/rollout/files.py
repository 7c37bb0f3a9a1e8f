"""What a rollout keeps in files beside the service's: its page, and what was counted since the last change."""

import os

import msgspec

from headwater.hosting.rollout.judge import Judgement, Tally
from headwater.hosting.rollout.page import rollout_page
from headwater.hosting.rollout.records import Rollouts
from headwater.hosting.rollout.states import RolloutState
from headwater.model.private_files import make_private_folder, private


class Progress(msgspec.Struct, frozen=True):
    """What was seen at the present share so far; lost at worst, then it is counted anew."""

    #: The state that it belongs to: when it began.
    since: float
    at: float
    tally: Tally
    judgement: Judgement
    #: Shadowed requests that the candidate was not asked.
    dropped: int = 0


def page_path(home: str, service: str, number: int) -> str:
    """Give the file of a rollout's page."""
    return os.path.join(_folder(home, service), f"{number}.html")


def write_page(home: str, rollouts: Rollouts, rollout: RolloutState) -> None:
    """Write the page anew from the record's history; whole or not at all."""
    page = rollout_page(rollouts.history(rollout.service, rollout.number))
    _write(page_path(home, rollout.service, rollout.number), page)


def read_page(home: str, rollouts: Rollouts, service: str, number: int) -> bytes | None:
    """Give the page, made from the record when the file is not there; None when there was no such rollout."""
    try:
        with open(page_path(home, service, number), "rb") as file:
            return file.read()
    except FileNotFoundError:
        history = rollouts.history(service, number)
        return rollout_page(history) if history else None


def write_progress(home: str, rollout: RolloutState, progress: Progress) -> None:
    """Keep what was counted."""
    _write(_progress_path(home, rollout), msgspec.json.encode(progress))


def read_progress(home: str, rollout: RolloutState) -> Progress | None:
    """Give what was counted since the rollout's last change; None when nothing was kept."""
    try:
        with open(_progress_path(home, rollout), "rb") as file:
            progress = msgspec.json.decode(file.read(), type=Progress)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    return progress if progress.since == rollout.since else None


def _write(path: str, body: bytes) -> None:
    make_private_folder(os.path.dirname(path))
    staged = f"{path}.{os.getpid()}"
    with open(staged, "wb", opener=private) as file:
        file.write(body)
    os.replace(staged, path)


def _progress_path(home: str, rollout: RolloutState) -> str:
    return os.path.join(_folder(home, rollout.service), f"{rollout.number}.json")


def _folder(home: str, service: str) -> str:
    return os.path.join(home, "services", service, "rollouts")
