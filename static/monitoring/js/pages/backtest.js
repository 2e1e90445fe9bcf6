// While a backtest is worked out: how far it is, and the page anew once it is over.
import { setText } from "../base/dom.js";
import { get, RequestFailed } from "../base/request.js";

const EVERY_MS = 1000;
const bar = document.getElementById("progress");
const told = document.getElementById("told");

async function look() {
  try {
    const { body } = await get(bar.dataset.address);
    if (body.is_over) {
      location.reload();
      return;
    }
    bar.value = body.share;
    setText(told, body.told);
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error; // the next look will do
  }
  setTimeout(look, EVERY_MS);
}

setTimeout(look, EVERY_MS);
