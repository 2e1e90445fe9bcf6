// The address of a download. The server checks what is chosen, and words what does not go together.

/**
 * What a person chose in the dialog, as the parameters of /export. `from`, `to`: epoch milliseconds, null without a
 * bound; `zone`: name of the time zone.
 * @typedef {{tags: string[], from: number | null, to: number | null, interval: string, aggregate: string[],
 *   shape: string, columns: string[], format: string, zone: string, decimal: string, bom: string}} Download
 */

const AGGREGATES = 3;

/**
 * Return the address, without parameters that would say nothing in this download.
 * @param {string} url of /export
 * @param {Download} chosen
 */
export function downloadAddress(url, chosen) {
  const { isAggregated, isCsv } = meaningOf(chosen);
  const parameters = new URLSearchParams();
  for (const tag of chosen.tags) parameters.append("tag", tag);
  if (chosen.from !== null) parameters.set("from", isoText(chosen.from));
  if (chosen.to !== null) parameters.set("to", isoText(chosen.to));
  parameters.set("interval", chosen.interval);
  if (isAggregated && chosen.aggregate.length < AGGREGATES)
    for (const name of chosen.aggregate) parameters.append("aggregate", name);
  if (chosen.shape !== "long") parameters.set("shape", chosen.shape);
  for (const name of chosen.columns)
    if (name !== "reasons" || chosen.interval === "raw") parameters.append("columns", name);
  parameters.set("format", chosen.format);
  if (chosen.zone !== "UTC") parameters.set("zone", chosen.zone);
  if (isCsv && chosen.decimal) parameters.set("decimal", chosen.decimal);
  if (isCsv && chosen.bom) parameters.set("bom", chosen.bom);
  return `${url}?${parameters}`.replaceAll("%3A", ":").replaceAll("%2F", "/");
}

/**
 * Return which parts of the dialog mean something for this download.
 * @param {Pick<Download, "interval" | "format">} chosen
 */
export const meaningOf = ({ interval, format }) => ({
  isAggregated: interval !== "raw",
  isRaw: interval === "raw",
  isCsv: format.startsWith("csv"),
});

/** @param {number} ms */
const isoText = (ms) => new Date(Math.round(ms)).toISOString().replace(".000Z", "Z");
