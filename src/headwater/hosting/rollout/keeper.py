"""Carries one rollout out in the host: divides the callers, counts, decides, records, and only then goes on."""

import asyncio
import time

import msgspec

from headwater.home import Home
from headwater.hosting.around import Around
from headwater.hosting.pool import VersionPool
from headwater.hosting.rollout.files import Progress, read_progress, write_page, write_progress
from headwater.hosting.rollout.judge import Judgement, Tally, judge
from headwater.hosting.rollout.records import Rollouts
from headwater.hosting.rollout.shadow import ShadowWatch
from headwater.hosting.rollout.shift import Shift
from headwater.hosting.rollout.states import HOST, RolloutState, Seen, StateName, decide, ended
from headwater.hosting.rollout.telling import tell_rolled_back
from headwater.hosting.rollout.watch import Divider, Watch, compare_answers
from headwater.hosting.services import Hosted
from headwater.hosting.versions import find_version, service_aliases, target_of
from headwater.model.errors import HeadwaterError, VersionConflict
from headwater.model.failpoints import failpoint

#: Seconds between two judgements, and between two notes of what was counted.
_JUDGE_SECONDS = 0.25
_NOTE_SECONDS = 2.0
#: Seconds between two comparisons of the answers' distributions: they take time, in a thread.
_SHIFT_SECONDS = 5.0
#: Seconds before a change that could not be recorded is tried again.
_AGAIN_SECONDS = 5.0
#: Seconds for which no worker of the candidate need be there: one that died is replaced.
_ABSENT_SECONDS = 3.0


class RolloutKeeper:
    """One rollout of one service, from where its record says it stands."""

    def __init__(
        self,
        around: Around,
        hosted: Hosted,
        candidate: VersionPool,
        rollout: RolloutState,
    ) -> None:
        """Begin, or go on: what was counted before the host stopped counts.

        Args:
            around: the store, and who takes what is said.
            hosted: the service, with its live version.
            candidate: the version that is to take over, loaded.
            rollout: as recorded.
        """
        assert hosted.live is not None
        self.rollout = rollout
        self._home = around.home
        self._hosted = hosted
        self._live = hosted.live
        self._candidate = candidate
        self._say = around.say
        self._clock = around.clock
        self._shadow_log = around.shadow_log
        self._rollouts = Rollouts(around.home.ledger)
        self._watch: Watch | None = None
        self._judge_at = self._note_at = self._shift_at = 0.0
        self._absent_since: float | None = None
        self._noted: Tally | None = None
        self._judgement: Judgement | None = None
        self._shifts: tuple[Shift, ...] = ()
        self._comparing: asyncio.Future[tuple[Shift, ...]] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._begin(read_progress(around.home.path, rollout))

    @property
    def candidate(self) -> VersionPool:
        """The version that is to take over."""
        return self._candidate

    def turn(self) -> bool:
        """Count, judge now and then, and act; True when a record changed, so that the ledger is to be looked at."""
        assert self._watch is not None
        self._watch.turn()
        now = time.monotonic()
        if now < self._judge_at:
            return False
        self._judge_at = now + _JUDGE_SECONDS
        judgement, problem = self._judged(now), self._problem(now)
        after = decide(self.rollout, Seen(judgement, problem), self._clock())
        if after is not None:
            # What is recorded, and what a shift may forbid, is as of now.
            self._shifts = compare_answers(self._watch.answers())
            judgement = judge(self._watch.tally, self.rollout.plan, self._shifts)
            after = decide(self.rollout, Seen(judgement, problem), self._clock())
        if after is not None:
            try:
                self._change(after)
            except (HeadwaterError, OSError) as error:
                # The disk may be full: callers have the live version meanwhile, and it is tried again.
                self._say(f"{after.service}: the rollout of version {after.number} cannot be recorded: {error}")
                self._judge_at = now + _AGAIN_SECONDS
                return False
            return True
        if now >= self._note_at and self._watch.tally != self._noted:
            self._note_at = now + _NOTE_SECONDS
            self._note(judgement)
        return False

    def close(self) -> None:
        """Let the live version answer alone; what was counted is kept for whoever goes on."""
        if self._judgement is not None and not self.rollout.is_over:
            self._note(self._judgement)
        self._stop()

    async def closed(self) -> None:
        """Wait for what was under way unheard."""
        if self._closing is not None:
            await self._closing

    # What it sees

    def _judged(self, now: float) -> Judgement:
        assert self._watch is not None
        if self._comparing is not None and self._comparing.done():
            self._shifts, self._comparing = self._comparing.result(), None
        if now >= self._shift_at and self._comparing is None:
            self._shift_at = now + _SHIFT_SECONDS
            self._comparing = asyncio.ensure_future(asyncio.to_thread(compare_answers, self._watch.answers()))
        self._judgement = judge(self._watch.tally, self.rollout.plan, self._shifts)
        return self._judgement

    def _problem(self, now: float) -> str:
        name = f"version {self.rollout.number}"
        missing = sorted(set(_endpoints(self._live)) - set(_endpoints(self._candidate)))
        if missing:
            return f"{name} has no endpoint `{missing[0]}`, which version {self.rollout.live} has: promote it by hand"
        if self._candidate.is_ready:
            self._absent_since = None
        elif self._absent_since is None:
            self._absent_since = now
        elif now - self._absent_since > _ABSENT_SECONDS:
            return f"the workers of {name} do not stay up"
        return ""

    # What it does

    def _begin(self, progress: Progress | None = None) -> None:
        """Count and divide as the state says."""
        rollout = self.rollout
        tally = Tally(rollout.tally_share) if progress is None else progress.tally
        slower = rollout.plan.max_slower
        if rollout.is_shadow:
            self._watch = ShadowWatch(self._live, self._candidate, tally, max_slower=slower, log=self._shadow_log)
            self._live.watch = self._watch
            return
        self._watch = Watch(self._live, self._candidate, tally, max_slower=slower)
        self._live.watch = self._candidate.watch = self._watch
        self._hosted.split = Divider(
            self._candidate,
            rollout.share,
            salt=f"{rollout.service}/{rollout.number}",
            sticky_by=rollout.plan.sticky_by,
        )

    def _stop(self) -> None:
        self._hosted.split = None
        self._live.watch = self._candidate.watch = None
        if isinstance(self._watch, ShadowWatch):
            self._closing = asyncio.ensure_future(self._watch.close())

    def _change(self, after: RolloutState) -> None:
        """Act on a decision: callers are spared a bad version before anything is written."""
        self._stop()
        try:
            self._record(after)
        except VersionConflict:
            # Somebody promoted, rolled back or deployed at this moment: what they wrote holds.
            self._say(f"{after.service}: somebody else was faster than the rollout of version {after.number}")
            return
        self.rollout = after
        self._say(f"{after.service}, version {after.number}: {after.words} ({after.reason})")
        write_page(self._home.path, self._rollouts, after)
        self._judgement = self._noted = self._comparing = None
        self._shifts = ()
        if not after.is_over:
            self._begin()
        tell_rolled_back(self._home, after)

    def _record(self, after: RolloutState) -> None:
        """Write the change, with the alias when the version is promoted: both or neither.

        Raises:
            VersionConflict: somebody changed the rollout or the service meanwhile.
        """
        ledger = self._home.ledger
        records = [self._rollouts.record_after(self.rollout, after)]
        if after.state == "promoted":
            aliases = service_aliases(ledger)
            before = aliases.get(target_of(after.service))
            if before is None or before.deployment is None or before.number != after.live:
                raise VersionConflict("service", after.service, 0)
            version = find_version(ledger, after.service, after.number)
            moved = msgspec.structs.replace(
                before,
                change="promote",
                user=HOST,
                at=after.since,
                deployment=version.id,
                number=version.number,
                reason=f"rollout: {after.reason}",
            )
            records.append(aliases.record_after(before, moved))
        failpoint("hosting.before_rollout")
        ledger.write_records(records)
        failpoint("hosting.after_rollout")

    def _note(self, judgement: Judgement) -> None:
        assert self._watch is not None
        self._noted = self._watch.tally
        dropped = self._watch.dropped if isinstance(self._watch, ShadowWatch) else 0
        progress = Progress(self.rollout.since, self._clock(), self._watch.tally, judgement, dropped)
        write_progress(self._home.path, self.rollout, progress)


def give_up(home: Home, rollout: RolloutState, reason: str, at: float, state: StateName = "rolled_back") -> None:
    """Roll a version back that never answered, or end its rollout; silent when somebody changed that meanwhile."""
    rollouts = Rollouts(home.ledger)
    after = ended(rollout, at=at, user=HOST, reason=reason, state=state)
    try:
        home.ledger.write_records([rollouts.record_after(rollout, after)])
    except VersionConflict:
        return
    write_page(home.path, rollouts, after)
    tell_rolled_back(home, after)


def _endpoints(pool: VersionPool) -> list[str]:
    return list(pool.version.definition.endpoints)
