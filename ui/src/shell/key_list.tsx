/** The keys that work where the reader is. */

import { Dialog } from "@/parts/dialog";
import { shownKeys } from "@/shell/keys";

const ALWAYS = [
  { keys: "Ctrl K", name: "Search or jump to" },
  { keys: "Escape", name: "Close, or leave a field" },
];

export function KeyList({ close }: { close: () => void }) {
  const all = [...ALWAYS, ...[...shownKeys].flat()];
  return (
    <Dialog title="Keys" close={close}>
      <dl className="key-list">
        {all.map(({ keys, name }) => (
          <div key={keys + name}>
            <dt>{name}</dt>
            <dd>
              {keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
