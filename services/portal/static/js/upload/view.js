// The upload page's progress display.

import { size, text } from "./texts.js";

const SPOKEN_STEP_PERCENT = 25;
const part = (id) => document.getElementById(id);

/** Shows the controls of a state: resting, sending, paused or checking; focuses the button to pause or resume. */
export function showState(state) {
  const resting = state === "resting";
  part("choices").disabled = !resting;
  part("sending").hidden = resting;
  part("send").hidden = !resting;
  part("pause").hidden = state !== "sending";
  part("resume").hidden = state !== "paused";
  part("cancel").hidden = resting || state === "checking";
  if (part("waiting")) part("waiting").hidden = !resting || part("waiting").querySelector("li") === null;
  if (state === "sending") part("pause").focus();
  if (state === "paused") part("resume").focus();
  if (!resting) stage(state);
  if (state !== "sending") part("left").textContent = "";
}

/** Shows what happens; screen readers announce each change once. */
export function stage(name) {
  if (part("stage").textContent !== text(name)) part("stage").textContent = text(name);
}

/** Shows the progress and the remaining time; announces each quarter to screen readers. */
export class Progress {
  constructor(total, sent) {
    this.total = total;
    this.began = performance.now();
    this.first = sent;
    this.spoken = Math.floor((sent / total) * 100);
    part("spoken").textContent = "";
  }

  show = (sent) => {
    const percent = Math.floor((sent / this.total) * 100);
    part("bar").value = (sent / this.total) * 100;
    part("percent").textContent = `${percent} %`;
    part("sent").textContent = text("sent", { sent: size(sent), size: size(this.total) });
    const passed = (performance.now() - this.began) / 1000;
    const rate = (sent - this.first) / passed;
    part("left").textContent =
      passed > 2 && rate > 0 ? text("left", { seconds: Math.ceil((this.total - sent) / rate) }) : "";
    if (Math.floor(percent / SPOKEN_STEP_PERCENT) > Math.floor(this.spoken / SPOKEN_STEP_PERCENT)) {
      this.spoken = percent;
      part("spoken").textContent = text("spoken", { percent });
    }
  };
}

/** Shows a problem, or hides it if the text is empty. */
export function show(problem) {
  part("problem").hidden = problem === "";
  part("problem").querySelector("span").textContent = problem;
  if (problem) part("problem").focus();
}
