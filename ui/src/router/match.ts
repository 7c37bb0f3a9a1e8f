/** Patterns of paths: `/runs/:flow/:label` matches `/runs/Churn/17`. */

/** The parts of a path that a pattern names, decoded. */
export type PathParts = Readonly<Record<string, string>>;

/** Give the named parts of a path; null when it is not of this pattern. A last part `*name` takes all the rest. */
export function matchPath(pattern: string, path: string): PathParts | null {
  const wanted = split(pattern);
  const given = split(path);
  const parts: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    if (part.startsWith("*")) {
      parts[part.slice(1)] = given.slice(index).map(decode).join("/");
      return parts;
    }
    const piece = given[index];
    if (piece === undefined) return null;
    if (part.startsWith(":")) parts[part.slice(1)] = decode(piece);
    else if (part !== piece) return null;
  }
  return wanted.length === given.length ? parts : null;
}

/** Write a path from pieces that may hold anything: `pathOf("runs", flow, label)`. */
export function pathOf(...pieces: (string | number)[]): string {
  return "/" + pieces.map((piece) => encodeURIComponent(piece)).join("/");
}

/** Give back an address that is safe to go to after sign-in: a path of this page, never another site. */
export function ownAddress(address: string | null): string {
  if (!address || !/^\/(?![/\\])/.test(address) || /[\u0000-\u001f\\]/.test(address)) return "/";
  return address;
}

function split(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

function decode(piece: string): string {
  try {
    return decodeURIComponent(piece);
  } catch {
    return piece;
  }
}
