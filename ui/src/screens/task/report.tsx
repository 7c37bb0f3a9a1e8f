/** An HTML artifact in a frame that can reach nothing: no cookies, no address of this page, no network. */

import { Preview } from "@/parts/preview";

import type { ShownValue } from "./values";

export function Report({ url, name, value }: { /** Of the task. */ url: string; name: string; value: ShownValue }) {
  const address = `${url}/reports/${encodeURIComponent(name)}`;
  return (
    <div className="stack tight">
      <Preview of={{ kind: "html", preview: value.preview }} />
      {/* Without `allow-same-origin` its scripts run as nobody's. */}
      <iframe
        className="report"
        src={address}
        sandbox="allow-scripts"
        referrerPolicy="no-referrer"
        title={`Report ${name}`}
        loading="lazy"
      />
    </div>
  );
}
