// One GET of JSON that always ends: with an answer, or with a word for why there is none.

export class RequestFailed extends Error {
  /** `kind`: offline (nothing answers), database (503), denied (401, 403) or broken (anything else). */
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

const KINDS = { 401: "denied", 403: "denied", 503: "database" };

/** The answer's JSON and the address of the page that follows it, null if it is the last. `signal` ends it early. */
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
  if (!response.ok && !accept.includes(response.status)) throw new RequestFailed(KINDS[response.status] ?? "broken");
  return { body, next: /<([^>]+)>;\s*rel="next"/.exec(response.headers.get("Link") ?? "")?.[1] ?? null };
}
