/** Say who owns a flow, and what it is for. */

import { useState } from "react";

import { answers } from "@/api/cache";
import { apiUrl, request } from "@/api/client";
import type { FlowView } from "@/api/schema";
import { Confirm } from "@/parts/dialog";
import { Prose } from "@/parts/prose";
import { pathOf } from "@/router/match";

export function DescribeFlow({ view, url, close }: { view: FlowView; url: string; close: () => void }) {
  const [owner, setOwner] = useState(view.summary.owner);
  const [text, setText] = useState(view.text);
  const save = async () => {
    const path = apiUrl(`${pathOf("flows", view.summary.flow)}/description`);
    const told = await request<FlowView>("PUT", path, { body: { owner, text } });
    answers.patch<FlowView>(url, () => told);
  };
  return (
    <Confirm title={`Describe ${view.summary.flow}`} action="Save" act={save} close={close}>
      <label className="stack tight">
        <span>Owner</span>
        <input className="field" value={owner} placeholder="A person, a team, an address" onChange={(event) => setOwner(event.target.value)} />
      </label>
      <label className="stack tight">
        <span>What it is for, in Markdown</span>
        <textarea className="field" rows={8} value={text} onChange={(event) => setText(event.target.value)} />
      </label>
      {text && (
        <div className="flow-preview">
          <Prose text={text} />
        </div>
      )}
    </Confirm>
  );
}
