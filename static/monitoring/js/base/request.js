// A GET of JSON that always ends: with a response, or with the reason for the failure.

/**
 * Why a request failed: offline (no response), database (503), denied (401, 403) or broken (anything else).
 * @typedef {"offline" | "database" | "denied" | "broken"} FailureKind
 *
 * How a request went.
 * @typedef {FailureKind | "ok"} ContactKind
 */

export class RequestFailed extends Error {
  /** @type {FailureKind} */
  kind;
  /** @type {number | null} */
  retryAfterMs;

  /**
   * @param {FailureKind} kind
   * @param {number | null} retryAfterMs the pause that the server asks for; null if the server does not say
   */
  constructor(kind, retryAfterMs = null) {
    super(kind);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** @type {Record<number, FailureKind>} */
const KINDS = { 401: "denied", 403: "denied", 503: "database" };

/**
 * Return the error that a response with an error status stands for.
 * @param {Response} response
 */
export function failureOf(response) {
  const seconds = Number(response.headers.get("Retry-After") ?? NaN);
  return new RequestFailed(KINDS[response.status] ?? "broken", Number.isFinite(seconds) ? seconds * 1000 : null);
}

/**
 * Return the JSON, headers and status of a response, and the address of the next page (null on the last page).
 * Throws RequestFailed.
 * @param {string} url
 * A parameter with an array is repeated. `staleS`: by how many seconds the response may be behind, so that a replica
 * of the database may answer; else only the primary does.
 * @param {{parameters?: Record<string, string | number | boolean | string[]>, timeoutMs?: number, accept?: number[],
 *   staleS?: number, signal?: AbortSignal | null}} options `accept`: error statuses that count as responses; `signal` ends the request
 *   early
 * @returns {Promise<{body: any, headers: Headers, status: number, next: string | null}>}
 */
export async function get(url, { parameters = {}, timeoutMs = 5000, accept = [], staleS = 0, signal = null } = {}) {
  const address = new URL(url, location.href);
  for (const [name, value] of Object.entries(parameters)) {
    for (const each of [value].flat()) address.searchParams.append(name, String(each));
  }
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  if (signal?.aborted) abort.abort();
  signal?.addEventListener("abort", () => abort.abort());
  let response;
  let body;
  try {
    // The signal also ends a body that stops half-way.
    response = await fetch(address, {
      headers: { Accept: "application/json", "Cache-Control": staleS ? `max-age=${staleS}` : "no-cache" },
      cache: "no-store", // the browser itself keeps nothing
      signal: abort.signal,
    });
    body = await response.json();
  } catch (error) {
    throw new RequestFailed(error instanceof SyntaxError ? "broken" : "offline");
  } finally {
    clearTimeout(timer);
  }
  const { headers, ok, status } = response;
  if (!ok && !accept.includes(status)) throw failureOf(response);
  return { body, headers, status, next: /<([^>]+)>;\s*rel="next"/.exec(headers.get("Link") ?? "")?.[1] ?? null };
}
