/** What may be done to a schedule where all are listed: start its run now, pause it, let it fire again. */

import { useState } from "react";

import type { DeploymentView, ScheduleView } from "@/api/schema";
import { bestRole, useMe } from "@/api/session";
import { useQuery } from "@/api/use_query";
import { Dialog } from "@/parts/dialog";
import { Icon, type IconName } from "@/parts/icon";
import { ProblemNote } from "@/parts/problem";
import { Change, RunNow } from "@/screens/deployments/actions";
import { aliasUrl } from "@/screens/deployments/urls";

type Deed = "run" | "pause" | "unpause";

export function Deeds({ row: { target, stands } }: { row: ScheduleView }) {
  const me = useMe();
  const [deed, setDeed] = useState<Deed | null>(null);
  const role = bestRole(me);
  if (me.is_read_only || !(role === "deployer" || role === "admin")) return null;
  return (
    // A click here is not one on the row.
    <span className="row deeds" onClick={(event) => event.stopPropagation()} onKeyDown={(event) => event.stopPropagation()}>
      <Button name={`Run ${target} now`} icon="play" act={() => setDeed("run")} />
      {stands === "fires" && <Button name={`Pause ${target}`} icon="pause" act={() => setDeed("pause")} />}
      {stands === "paused" && <Button name={`Unpause ${target}`} icon="redo" act={() => setDeed("unpause")} />}
      {deed && <Asked target={target} deed={deed} close={() => setDeed(null)} />}
    </span>
  );
}

function Button({ name, icon, act }: { name: string; icon: IconName; act: () => void }) {
  return (
    <button type="button" className="button plain icon small" aria-label={name} title={name} onClick={act}>
      <Icon name={icon} size={14} />
    </button>
  );
}

/** Ask for what is at work, which says who may change it, then whether that is meant. */
function Asked({ target, deed, close }: { target: string; deed: Deed; close: () => void }) {
  const { data, problem } = useQuery<DeploymentView>(aliasUrl(target));
  if (data?.alias.may_change) return deed === "run" ? <RunNow view={data} close={close} /> : <Change alias={data.alias} deed={deed} close={close} />;
  if (!data && !problem) return null;
  return (
    <Dialog title={target} close={close}>
      {problem ? <ProblemNote problem={problem} /> : <p>That takes a deployer in its project.</p>}
    </Dialog>
  );
}
