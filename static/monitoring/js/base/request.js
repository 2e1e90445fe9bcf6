// One GET of JSON that always ends: with an answer, or with a word for why there is none.

export class RequestFailed extends Error {
  /** @type {"offline" | "database" | "denied" | "broken"} */
  kind;
  /** @type {number | null} */
  retryAfterMs;

  /**
   * `kind`: offline (nothing answers), database (503), denied (401, 403) or broken (anything else).
   * `retryAfterMs`: when the server wants to be asked again, null if it does not say.
   */
  constructor(kind, retryAfterMs = null) {
    super(kind);
    Object.assign(this, { kind, retryAfterMs });
  }
}

const KINDS = { 401: "denied", 403: "denied", 503: "database" };

/** Why there is no answer, by the one that came instead. */
export function refusal(response) {
  const seconds = Number(response.headers.get("Retry-After") ?? NaN);
  return new RequestFailed(KINDS[response.status] ?? "broken", Number.isFinite(seconds) ? seconds * 1000 : null);
}

/**
 * The answer's JSON, its headers and status, and the address of the page that follows it, null if it is the
 * last. `accept`: statuses that are answers, too; `signal` ends it early.
 */
export async function get(url, { parameters = {}, timeoutMs = 5000, accept = [], signal = null } = {}) {
  const address = new URL(url, location.href);
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  if (signal?.aborted) abort.abort();
  signal?.addEventListener("abort", () => abort.abort());
  let response;
  let body;
  try {
    // The signal also ends a body that stops half-way.
    response = await fetch(address, {
      headers: { Accept: "application/json" },
      cache: "no-store",
      signal: abort.signal,
    });
    body = await response.json();
  } catch (error) {
    throw new RequestFailed(error instanceof SyntaxError ? "broken" : "offline");
  } finally {
    clearTimeout(timer);
  }
  const { headers, ok, status } = response;
  if (!ok && !accept.includes(status)) throw refusal(response);
  return { body, headers, status, next: /<([^>]+)>;\s*rel="next"/.exec(headers.get("Link") ?? "")?.[1] ?? null };
}
