// Every change of the clocks in every time zone, from 1970 to 2037.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { timeTicks } from "../../../static/monitoring/js/base/ticks.js";
import { choiceOf, inputText, timesOfInput, typedTime } from "../../../static/monitoring/js/base/time-input.js";
import { momentText, zoneText } from "../../../static/monitoring/js/base/times.js";
import { isAmbiguous, offsetMs, offsetText, timesOf, wallOf } from "../../../static/monitoring/js/base/wall-time.js";

const MINUTE = 60000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LAST = Date.UTC(2038, 0);
const HOME = process.env.TZ;
/** @type {{zone: string, at: number, by: number}[]} each pair of offsets at a time once; `by`: milliseconds forward */
const changes = [];

/** Find the millisecond from which another offset holds. */
function changeBetween(from, to) {
  const [before] = [offsetMs(from)];
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2);
    if (offsetMs(middle) === before) from = middle;
    else to = middle;
  }
  return to;
}

before(() => {
  const known = new Set();
  for (const zone of Intl.supportedValuesOf("timeZone")) {
    process.env.TZ = zone;
    for (let day = 0; day < LAST; day += 3 * DAY) {
      const [was, is] = [new Date(day), new Date(day + 3 * DAY)].map((date) => date.getTimezoneOffset());
      if (was === is) continue;
      const at = changeBetween(day, day + 3 * DAY);
      const key = `${at} ${was} ${is}`;
      if (!known.has(key)) changes.push({ zone, at, by: offsetMs(at) - offsetMs(at - 1) });
      known.add(key);
    }
  }
});

after(() => {
  process.env.TZ = HOME;
});

/** Call with each change, in its zone. */
function eachChange(check) {
  assert.ok(changes.length > 5000, `${changes.length} changes`);
  for (const change of changes) {
    process.env.TZ = change.zone;
    try {
      check(change);
    } catch (error) {
      error.message = `${change.zone}, ${new Date(change.at).toISOString()}: ${error.message}`;
      throw error;
    }
  }
}

test("a time that the clocks show twice is found twice and shown with its offset, and no other is", () => {
  eachChange(({ at, by }) => {
    const back = Math.max(0, -by);
    for (const ms of [at - back - 1000, at - back, at - 1000, at, at + back - 1000, at + back]) {
      const isTwice = back > 0 && ms >= at - back && ms < at + back;
      const times = timesOf(wallOf(ms));
      assert.ok(times.includes(ms));
      assert.equal(times.length, isTwice ? 2 : 1);
      assert.equal(isAmbiguous(ms), isTwice);
      assert.equal(momentText(ms).endsWith(` ${offsetText(ms)}`), isTwice);
      if (isTwice) assert.notEqual(...times.map(momentText));
    }
  });
});

test("a time that the clocks skip does not exist", () => {
  eachChange(({ at, by }) => {
    if (by <= 0) return;
    const wall = wallOf(at - 1) + 1;
    assert.deepEqual(timesOf(wall), []);
    assert.deepEqual(timesOf(wall + by - 1), []);
    assert.equal(timesOf(wall + by).length, 1);
    assert.equal(typedTime(new Date(wall + 1000).toISOString().slice(0, 19), null, 0), "skipped");
  });
});

test("a range that is typed in unchanged does not move, and each time of a repeated hour can be typed", () => {
  eachChange(({ at, by }) => {
    for (const ms of [at - HOUR + 123, at - 1, at, at + 17 * MINUTE, at - by, at + Math.abs(by) - 1]) {
      const filled = { text: inputText(ms), ms };
      assert.equal(typedTime(filled.text, filled, choiceOf(filled)), ms);
      const second = ms - (ms % 1000);
      assert.equal(typedTime(inputText(second), null, choiceOf({ text: inputText(second), ms: second })), second);
      assert.ok(timesOfInput(filled.text)?.includes(second));
    }
  });
});

test("no tick is doubled, none is out of order, and all are on round times", () => {
  eachChange(({ at }) => {
    for (const length of [HOUR / 6, 3 * HOUR, 14 * HOUR, 5 * DAY]) {
      const ticks = timeTicks(at - length / 2, at + length / 2, 8);
      const texts = ticks.map(({ text }) => text);
      assert.equal(new Set(texts).size, texts.length, texts.join());
      ticks.forEach(({ value }, i) => assert.ok(!i || value > ticks[i - 1].value));
      assert.ok(ticks.length > 1 && ticks.length < 20, texts.join());
    }
  });
});

test("a zone is shown with the offsets of the data, not with today's", () => {
  process.env.TZ = "Europe/Berlin";
  const change = Date.parse("2025-10-26T01:00:00Z");
  assert.match(zoneText(change - DAY, change - HOUR), /\(UTC\+2\)$/);
  assert.match(zoneText(change, change + DAY), /\(UTC\+1\)$/);
  assert.match(zoneText(change - HOUR, change + HOUR), /\(UTC\+2, then UTC\+1\)$/);
  process.env.TZ = "America/St_Johns";
  assert.equal(offsetText(Date.parse("2026-01-15T00:00:00Z")), "UTC-3:30");
  process.env.TZ = "UTC";
  assert.equal(offsetText(0), "UTC");
});

test("the hours of the days on which clocks change have a tick each", () => {
  process.env.TZ = "Europe/Berlin";
  /** @type {(from: string, to: string) => string[]} */
  const texts = (from, to) => timeTicks(Date.parse(from), Date.parse(to), 8).map(({ text }) => text);
  assert.deepEqual(
    texts("2025-10-25T23:00:00Z", "2025-10-26T03:00:00Z").filter((text) => text.startsWith("02:00")),
    ["02:00 +2", "02:00 +1"],
  );
  assert.deepEqual(texts("2026-03-28T22:30:00Z", "2026-03-29T05:00:00Z"), [
    "29 Mar",
    ...["01:00", "03:00", "04:00", "05:00", "06:00", "07:00"],
  ]);
});
