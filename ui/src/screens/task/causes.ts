/** How attempts end, in words. */

const TEXTS: Readonly<Record<string, string>> = {
  exception: "raised an exception",
  sys_exit: "ended itself with an exit code",
  signal: "was killed by a signal",
  timeout: "took longer than its time limit",
  out_of_memory: "ran out of memory",
  disk_full: "found the disk full",
  lost_worker: "was lost with its worker",
  cancelled: "was cancelled",
  import_error: "could not import what it needs",
  unserialisable: "left a value that cannot be stored",
  damaged_input: "found an input damaged",
  bad_transition: "went on to a step that it must not",
  secret_missing: "found a secret missing",
  environment: "has an environment that could not be made",
  rejected: "was rejected at its gate",
  condition: "did not meet the condition of its gate",
  time_limit: "was stopped at the run's time limit",
};

/** Say how an attempt ended: `raised KeyError`. */
export function causeText(cause: string, error = ""): string {
  if (cause === "exception" && error) return `raised ${shortType(error)}`;
  const text = TEXTS[cause] ?? cause.replaceAll("_", " ");
  return error && cause !== "signal" && error !== "" ? `${text} (${shortType(error)})` : text;
}

/** `pandas.errors.ParserError` -> `ParserError`; `builtins.KeyError` -> `KeyError`. */
export function shortType(type: string): string {
  return type.slice(type.lastIndexOf(".") + 1);
}
