/** Requests to the API: JSON there and back, problems as errors. */

/** What the API says when it does not do what was asked (RFC 9457). */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly hint?: string;
  readonly choices?: readonly string[];
  readonly error?: string;
}

/** A request that was not carried out. */
export class RequestFailed extends Error {
  override readonly name = "RequestFailed";
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }
}

/** Values that a query may hold; undefined, null and empty texts are left out, lists are repeated. */
export type QueryValues = Readonly<Record<string, string | number | boolean | null | undefined | readonly string[]>>;

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Write the address of a question: `apiUrl("/runs", { flow: "Churn" })`. */
export function apiUrl(path: string, query: QueryValues = {}): string {
  const names = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === "") continue;
    if (typeof value === "object") for (const each of value) names.append(name, each);
    else names.set(name, String(value));
  }
  const text = names.toString();
  return `/api/v1${path}${text ? `?${text}` : ""}`;
}

/** Called when the API says that nobody is signed in. */
let onSignedOut: () => void = () => undefined;

/** Say what happens when an answer is 401. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

/**
 * Ask the API, and give its answer.
 *
 * @throws RequestFailed: it refused, failed, or could not be reached (status 0).
 */
export async function request<Answer>(
  method: Method,
  url: string,
  { body, signal, isSignIn = false }: { body?: unknown; signal?: AbortSignal; isSignIn?: boolean } = {},
): Promise<Answer> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers,
      credentials: "same-origin",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new RequestFailed({
      title: "No answer",
      status: 0,
      detail: "the server cannot be reached",
      hint: "is `headwater up` still running?",
    });
  }
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as Answer;
  if (response.status === 401 && !isSignIn) onSignedOut();
  throw new RequestFailed(await problemOf(response));
}

/** Ask for something. */
export function get<Answer>(url: string, signal?: AbortSignal): Promise<Answer> {
  return request<Answer>("GET", url, signal ? { signal } : {});
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const said = (await response.json()) as Partial<Problem>;
    return {
      ...said,
      title: said.title ?? response.statusText,
      status: response.status,
      detail: said.detail ?? said.title ?? response.statusText,
    };
  } catch {
    return { title: response.statusText || "Error", status: response.status, detail: `the server answered ${response.status}` };
  }
}
