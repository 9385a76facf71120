// Uploads a video: checks the file, sends it straight to the bucket in parts, can pause and resume.

import { check, fingerprint } from "./upload/file.js";
import { Portal } from "./upload/portal.js";
import { Lost, Problem, size, text } from "./upload/texts.js";
import { Transfer, withRetries } from "./upload/transfer.js";
import { Progress, show, showState, stage } from "./upload/view.js";

const KEPT_SECONDS = 30;
const MAX_ROUNDS = 3;
const part = (id) => document.getElementById(id);
const form = part("upload");
const maxBytes = Number(form.dataset.maxBytes);
const portal = new Portal(form);
// The current upload: its file, its description by the portal, its AbortController, and whether the network was lost.
let current = null;

async function showFile(file) {
  const about = part("file-about");
  about.hidden = true;
  show("");
  try {
    const length = await check(file, maxBytes);
    const name = length !== null && length > KEPT_SECONDS ? "about-long" : "about";
    about.textContent = text(name, { name: file.name, size: size(file.size), seconds: length === null ? "?" : Math.round(length) });
    about.hidden = false;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (file) show(problem.message);
  }
}

function messageOf(problem) {
  if (problem instanceof Problem) return problem.message;
  return text(problem instanceof Lost ? problem.message : "failed");
}

function reset(problem) {
  current = null;
  showState("resting");
  show(problem);
}

// Runs the current upload. After a pause or a lost network it can be resumed; any other error is final.
async function run() {
  const work = current;
  work.controller = new AbortController();
  work.lost = false;
  show("");
  showState("sending");
  try {
    await send(work, work.controller.signal);
    current = null;
    location.assign(form.dataset.mine);
  } catch (problem) {
    if (current !== work) return;
    if (problem === "paused" || problem instanceof Lost) {
      showState("paused");
      work.lost = problem instanceof Lost;
      if (work.lost) show(text("interrupted"));
    } else {
      removeFromList(work.upload);
      reset(messageOf(problem));
      if (!(problem instanceof Problem)) throw problem;
    }
  }
}

async function send(work, signal) {
  const { file } = work;
  const onWaiting = () => stage("waiting");
  // Parts can still be missing after a round: another page aborted them, or they arrived too late.
  for (let round = 0; work.upload.missing.length > 0; round += 1) {
    if (round === MAX_ROUNDS) throw new Lost("network");
    const progress = new Progress(work.upload.size, work.upload.sent);
    let last = work.upload.sent;
    const onProgress = (sent) => {
      if (sent > last) stage("sending");
      last = sent;
      progress.show(sent);
    };
    await new Transfer({ file, upload: work.upload, portal, signal, onProgress, onWaiting }).run();
    work.upload = await withRetries(() => portal.show(work.upload.video_id, signal), signal, onWaiting);
  }
  showState("checking");
  await withRetries(() => portal.complete(work.upload.video_id, signal), signal, onWaiting);
}

function removeFromList(upload) {
  document.querySelector(`[data-upload="${upload.video_id}"]`)?.remove();
}

async function begin(file, title, isPublic) {
  await check(file, maxBytes);
  if ([...title].length < 5 || [...title].length > 100) throw new Problem("title");
  const declared = { title, filename: file.name, size: file.size, is_public: isPublic };
  return portal.begin({ ...declared, fingerprint: await fingerprint(file) });
}

async function continueUpload(file, id) {
  const upload = await portal.show(id);
  const same = file.size === upload.size && [await fingerprint(file), ""].includes(upload.fingerprint);
  if (!same) throw new Problem("another-file", { name: upload.filename, size: size(upload.size) });
  part("title").value = upload.title;
  part("is_public").checked = upload.is_public;
  return upload;
}

async function start(file, prepare) {
  if (current) return;
  show("");
  current = { file };
  try {
    current.upload = await prepare();
  } catch (problem) {
    reset(messageOf(problem));
    if (!(problem instanceof Problem || problem instanceof Lost)) throw problem;
    return;
  }
  await showFile(file);
  await run();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const file = part("video_file").files[0];
  start(file, () => begin(file, part("title").value.trim(), part("is_public").checked));
});

part("pause").addEventListener("click", () => current?.controller.abort("paused"));
part("resume").addEventListener("click", resume);
part("cancel").addEventListener("click", async () => {
  const { controller, upload } = current;
  current = null;
  controller.abort("cancelled");
  removeFromList(upload);
  // If this request fails, the portal deletes the upload when it expires.
  await portal.discard(upload.video_id).catch(() => {});
  reset(text("cancelled"));
});

async function resume() {
  const work = current;
  try {
    // With no part missing it may already be a video: the response to its completion was lost.
    if (work.upload.missing.length > 0) work.upload = await portal.show(work.upload.video_id);
  } catch (problem) {
    if (current !== work) return;
    if (problem instanceof Lost) return show(text("interrupted"));
    return reset(problem.message);
  }
  if (current === work) await run();
}

window.addEventListener("online", () => current?.lost && resume());
window.addEventListener("beforeunload", (event) => {
  if (current && !part("pause").hidden) event.preventDefault();
});

let continued = null;
for (const item of document.querySelectorAll("[data-upload]")) {
  const button = item.querySelector("[data-continue]");
  button.hidden = false;
  button.addEventListener("click", () => {
    continued = item.dataset.upload;
    part("again").click();
  });
}
part("again").addEventListener("change", () => {
  const file = part("again").files[0];
  // Clear the input, so that choosing the same file again triggers the event.
  if (file) start(file, () => continueUpload(file, continued)).then(() => (part("again").value = ""));
});

const drop = part("drop");
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files.length) {
    part("video_file").files = event.dataTransfer.files;
    showFile(part("video_file").files[0]);
  }
});
part("video_file").addEventListener("change", () => showFile(part("video_file").files[0]));

part("no-scripts").hidden = true;
part("upload-comes").hidden = true;
form.hidden = false;
