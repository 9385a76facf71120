// Uploads a video: looks at the file, sends it straight to the bucket in parts, pauses and goes on with what is missing.

import { check, fingerprint } from "./upload/file.js";
import { Portal } from "./upload/portal.js";
import { Lost, Problem, size, text } from "./upload/texts.js";
import { Transfer, patiently } from "./upload/transfer.js";
import { Progress, show, stage, turn } from "./upload/view.js";

const KEPT = 30;
const ROUNDS = 3;
const part = (id) => document.getElementById(id);
const form = part("upload");
const maxBytes = Number(form.dataset.maxBytes);
const portal = new Portal(form);
// The upload at work: its file, what the portal says of it, what ends it, and whether the network ended it.
let current = null;

async function describe(file) {
  const about = part("file-about");
  about.hidden = true;
  show("");
  try {
    const length = await check(file, maxBytes);
    const name = length !== null && length > KEPT ? "about-long" : "about";
    about.textContent = text(name, { name: file.name, size: size(file.size), seconds: length === null ? "?" : Math.round(length) });
    about.hidden = false;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (file) show(problem.message);
  }
}

function sentence(problem) {
  if (problem instanceof Problem) return problem.message;
  return text(problem instanceof Lost ? problem.message : "failed");
}

function rest(problem) {
  current = null;
  turn("resting");
  show(problem);
}

// A pause, a cancellation and a lost network leave the upload where it is; every other end is final.
async function go() {
  const work = current;
  work.ending = new AbortController();
  work.lost = false;
  show("");
  turn("sending");
  try {
    await send(work, work.ending.signal);
    current = null;
    location.assign(form.dataset.mine);
  } catch (problem) {
    if (current !== work) return;
    if (problem === "paused" || problem instanceof Lost) {
      turn("paused");
      work.lost = problem instanceof Lost;
      if (work.lost) show(text("interrupted"));
    } else {
      forget(work.upload);
      rest(sentence(problem));
      if (!(problem instanceof Problem)) throw problem;
    }
  }
}

async function send(work, signal) {
  const { file } = work;
  const onWaiting = () => stage("waiting");
  // After a part that another page cut off, or that came too late, some are still missing.
  for (let round = 0; work.upload.missing.length > 0; round += 1) {
    if (round === ROUNDS) throw new Lost("network");
    const progress = new Progress(work.upload.size, work.upload.sent);
    let last = work.upload.sent;
    const onProgress = (sent) => {
      if (sent > last) stage("sending");
      last = sent;
      progress.show(sent);
    };
    await new Transfer({ file, upload: work.upload, portal, signal, onProgress, onWaiting }).run();
    work.upload = await patiently(() => portal.show(work.upload.video_id, signal), signal, onWaiting);
  }
  turn("checking");
  await patiently(() => portal.complete(work.upload.video_id, signal), signal, onWaiting);
}

function forget(upload) {
  document.querySelector(`[data-upload="${upload.video_id}"]`)?.remove();
}

async function begin(file, title, isPublic) {
  await check(file, maxBytes);
  if ([...title].length < 5 || [...title].length > 100) throw new Problem("title");
  const declared = { title, filename: file.name, size: file.size, is_public: isPublic };
  return portal.begin({ ...declared, fingerprint: await fingerprint(file) });
}

async function again(file, id) {
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
    rest(sentence(problem));
    if (!(problem instanceof Problem || problem instanceof Lost)) throw problem;
    return;
  }
  await describe(file);
  await go();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const file = part("video_file").files[0];
  start(file, () => begin(file, part("title").value.trim(), part("is_public").checked));
});

part("pause").addEventListener("click", () => current?.ending.abort("paused"));
part("resume").addEventListener("click", resume);
part("cancel").addEventListener("click", async () => {
  const { ending, upload } = current;
  current = null;
  ending.abort("cancelled");
  forget(upload);
  // Where it cannot be said now, the portal clears it away after some days.
  await portal.discard(upload.video_id).catch(() => {});
  rest(text("cancelled"));
});

async function resume() {
  const work = current;
  try {
    // With nothing missing it may be a video already, and only the answer was lost.
    if (work.upload.missing.length > 0) work.upload = await portal.show(work.upload.video_id);
  } catch (problem) {
    if (current !== work) return;
    if (problem instanceof Lost) return show(text("interrupted"));
    return rest(problem.message);
  }
  if (current === work) await go();
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
  // The same file may be chosen once more.
  if (file) start(file, () => again(file, continued)).then(() => (part("again").value = ""));
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
    describe(part("video_file").files[0]);
  }
});
part("video_file").addEventListener("change", () => describe(part("video_file").files[0]));

part("no-scripts").hidden = true;
part("upload-comes").hidden = true;
form.hidden = false;
