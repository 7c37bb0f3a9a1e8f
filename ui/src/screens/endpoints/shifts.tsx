/** How the answers of a version that takes over are distributed beside those of the live one. */

import type { Shift } from "@/api/schema";
import { Pairs } from "@/screens/endpoints/pairs";
import { countText, shareText } from "@/words/numbers";

export function Shifts({ shifts, live, candidate }: { shifts: readonly Shift[]; live: number; candidate: number }) {
  if (shifts.length === 0) return null;
  return (
    <section className="card" aria-label="What both answer">
      <header>
        <h2>What both answer</h2>
        <span className="row wrap muted drift-key push">
          <span>
            <i className="before" aria-hidden /> version {live}
          </span>
          <span>
            <i className="now" aria-hidden /> version {candidate}
          </span>
        </span>
      </header>
      <div className="body drift-columns">
        {[...shifts]
          .sort((one, other) => other.distance - other.error - (one.distance - one.error))
          .map((shift) => (
            <div key={shift.name} className="stack tight">
              <h3>{shift.name}</h3>
              <p className={shift.distance > shift.error ? "" : "muted"}>
                {shareText(shift.distance)} apart
                {shift.distance > shift.error ? ": more than chance explains" : `; up to ${shareText(shift.error)} may be chance`}
              </p>
              <Pairs
                name={shift.name}
                bins={shift.bars.map(([bin]) => bin)}
                before={shift.bars.map(([, share]) => share)}
                now={shift.bars.map(([, , share]) => share)}
                names={[`version ${live}`, `version ${candidate}`]}
              />
              <p className="faint">
                the latest {countText(shift.live)} and {countText(shift.candidate)} answers
              </p>
            </div>
          ))}
      </div>
    </section>
  );
}
