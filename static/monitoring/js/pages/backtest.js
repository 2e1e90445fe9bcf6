// The progress of a backtest.
import { followProgress } from "../app/progress.js";

const bar = /** @type {HTMLProgressElement} */ (document.getElementById("progress"));
followProgress(bar, document.getElementById("told"), (body) => body.is_over);
