/** Which of many choices a short text means: letters in order count, beginnings of words count most. */

export interface Choice {
  readonly group: string;
  readonly name: string;
  /** Other words by which it is found. */
  readonly words?: readonly string[];
}

/**
 * Give the choices that a text may mean: groups in the order of their best choice, the best first within each, at
 * most `limits[group]` of each. An empty text keeps the order.
 */
export function rank<Found extends Choice>(
  choices: readonly Found[],
  text: string,
  limits: Readonly<Record<string, number>> = {},
): Found[] {
  const wanted = text.trim().toLowerCase();
  const scored = choices
    .map((choice) => ({ choice, score: wanted ? scoreOf(choice, wanted) : 1 }))
    .filter(({ score }) => score > 0);
  const groups = new Map<string, { choice: Found; score: number }[]>();
  for (const each of scored) {
    const group = groups.get(each.choice.group);
    if (group) group.push(each);
    else groups.set(each.choice.group, [each]);
  }
  const sorted = [...groups].map(([name, members]) => {
    if (wanted) members.sort((one, other) => other.score - one.score);
    return { best: members[0]?.score ?? 0, members: members.slice(0, limits[name] ?? members.length) };
  });
  if (wanted) sorted.sort((one, other) => other.best - one.best);
  return sorted.flatMap(({ members }) => members.map(({ choice }) => choice));
}

/** Score how well a text fits a name; 0 = not at all. */
export function fit(name: string, wanted: string): number {
  const within = name.toLowerCase();
  if (within === wanted) return 100;
  if (within.startsWith(wanted)) return 80;
  const at = within.indexOf(wanted);
  if (at > 0) return /[^a-z0-9]/.test(within[at - 1] ?? "") || isHump(name, at) ? 60 : 40;
  let position = -1;
  let gaps = 0;
  for (const letter of wanted) {
    const next = within.indexOf(letter, position + 1);
    if (next < 0) return 0;
    gaps += next - position - 1;
    position = next;
  }
  return wanted.length < 2 ? 0 : Math.max(1, 20 - gaps);
}

function scoreOf(choice: Choice, wanted: string): number {
  const words = (choice.words ?? []).map((word) => (word.toLowerCase().includes(wanted) ? 30 : 0));
  return Math.max(fit(choice.name, wanted), ...words);
}

function isHump(name: string, at: number): boolean {
  return /[A-Z]/.test(name[at] ?? "");
}
