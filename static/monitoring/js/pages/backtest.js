// The progress of a backtest, and a reload once it is over.
import { setText } from "../base/dom.js";
import { get, RequestFailed } from "../base/request.js";

const EVERY_MS = 1000;
const bar = document.getElementById("progress");
const status = document.getElementById("told");

async function look() {
  try {
    const { body } = await get(bar.dataset.address ?? "");
    if (body.is_over) {
      location.reload();
      return;
    }
    bar.value = body.share;
    setText(status, body.told);
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error; // the next attempt follows
  }
  setTimeout(look, EVERY_MS);
}

setTimeout(look, EVERY_MS);
