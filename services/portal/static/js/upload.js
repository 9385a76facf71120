// Uploads a video: looks at the file, asks the portal for a form, sends the file straight to the bucket, completes.

import { isMovie, seconds } from "./mp4.js";

const SHORTEST = 0.5;
const KEPT = 30;
const form = document.getElementById("upload");
const part = (id) => document.getElementById(id);
const texts = part("texts").content;
const maxBytes = Number(form.dataset.maxBytes);
const megabytes = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const size = (count) => `${megabytes.format(count / 2 ** 20)} MB`;
let sending = null;

class Problem extends Error {}

function text(name, values = {}) {
  const found = texts.querySelector(`[data-text="${name}"]`).textContent;
  return found.replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

function show(problem) {
  part("problem").hidden = problem === "";
  part("problem").querySelector("span").textContent = problem;
  if (problem) part("problem").focus();
}

async function check(file) {
  if (!file) throw new Problem(text("no-file"));
  if (file.size === 0) throw new Problem(text("empty"));
  if (file.size > maxBytes) throw new Problem(text("too-large", { size: size(file.size) }));
  if (!/\.(mp4|mov)$/i.test(file.name) || !(await isMovie(file))) throw new Problem(text("not-mp4"));
  const length = await seconds(file);
  if (length !== null && length < SHORTEST) throw new Problem(text("too-short"));
  return length;
}

async function describe() {
  const file = part("video_file").files[0];
  const about = part("file-about");
  about.hidden = true;
  show("");
  try {
    const length = await check(file);
    const name = length !== null && length > KEPT ? "about-long" : "about";
    about.textContent = text(name, { name: file.name, size: size(file.size), seconds: length === null ? "?" : Math.round(length) });
    about.hidden = false;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (file) show(problem.message);
  }
}

async function ask(path, body, signal) {
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "X-CSRF-TOKEN": form.elements.csrf_token.value },
      signal,
    });
  } catch (problem) {
    throw signal.aborted ? problem : new Problem(text("network"));
  }
  if (answer.status === 401) location.assign(form.dataset.login);
  if (!answer.ok) throw new Problem(text(answer.status >= 500 ? "busy" : "refused"));
  return answer.json();
}

// fetch tells nothing of how much was sent; XMLHttpRequest does.
function send(offered, file, signal) {
  return new Promise((resolve, reject) => {
    const fields = new FormData();
    for (const [name, value] of Object.entries(offered.fields)) fields.append(name, value);
    fields.append("file", file);
    const request = new XMLHttpRequest();
    const began = performance.now();
    request.upload.addEventListener("progress", (event) => {
      const share = event.total ? event.loaded / event.total : 0;
      const passed = (performance.now() - began) / 1000;
      part("bar").value = share * 100;
      part("percent").textContent = `${Math.floor(share * 100)} %`;
      part("sent").textContent = text("sent", { sent: size(share * file.size), size: size(file.size) });
      part("left").textContent = passed > 2 && share > 0.01 ? text("left", { seconds: Math.ceil(passed / share - passed) }) : "";
    });
    request.addEventListener("load", () => (request.status < 300 ? resolve() : reject(new Problem(text("refused")))));
    request.addEventListener("error", () => reject(new Problem(text("network"))));
    request.addEventListener("abort", () => reject(signal.reason));
    signal.addEventListener("abort", () => request.abort());
    request.open("POST", offered.url);
    request.send(fields);
  });
}

function turn(on) {
  part("choices").disabled = on;
  part("sending").hidden = !on;
  part("send").hidden = on;
  part("cancel").hidden = !on;
  part("stage").textContent = text("sending");
  part("bar").value = 0;
  for (const id of ["percent", "sent", "left"]) part(id).textContent = "";
  if (on) part("cancel").focus();
}

async function upload(file, title, isPublic, signal) {
  const offer = await ask(
    form.dataset.offer,
    { title, filename: file.name, size: file.size, is_public: isPublic },
    signal,
  );
  await send(offer.upload, file, signal);
  part("stage").textContent = text("checking");
  await ask(`${form.dataset.offer}/${offer.video_id}/complete`, { receipt: offer.receipt }, signal);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (sending) return;
  show("");
  const file = part("video_file").files[0];
  const title = part("title").value.trim();
  sending = new AbortController();
  try {
    await check(file);
    if ([...title].length < 5 || [...title].length > 100) throw new Problem(text("title"));
    turn(true);
    await upload(file, title, part("is_public").checked, sending.signal);
    location.assign(form.dataset.mine);
  } catch (problem) {
    const cancelled = sending.signal.aborted;
    turn(false);
    sending = null;
    if (!cancelled && !(problem instanceof Problem)) throw problem;
    show(cancelled ? text("cancelled") : problem.message);
  }
});

part("cancel").addEventListener("click", () => sending?.abort());
part("video_file").addEventListener("change", describe);
window.addEventListener("beforeunload", (event) => {
  if (sending && !part("sending").hidden && part("stage").textContent === text("sending")) event.preventDefault();
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
    describe();
  }
});

part("no-scripts").hidden = true;
form.hidden = false;
