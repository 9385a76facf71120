// Keeps the ranking as it is on the server; an unchanged one costs an empty answer. People can hold it still.

const EVERY = 5000;
const SPREAD = 2000;
const place = document.getElementById("live");
const turn = document.getElementById("live-switch");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const on = () => turn.getAttribute("aria-pressed") === "true";

const rows = () => new Map([...place.querySelectorAll(".ranks > li")].map((row) => [row.dataset.video, row]));

// What moved is shown where it was, and glides to where it is.
function glide(before) {
  if (still.matches) return;
  for (const [video, row] of rows()) {
    const top = before.get(video);
    const moved = top === undefined ? 0 : top - row.getBoundingClientRect().top;
    if (moved) row.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], { duration: 600, easing: "ease" });
  }
}

function replace(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  if (fresh.innerHTML.trim() === place.innerHTML.trim()) return;
  const before = new Map([...rows()].map(([video, row]) => [video, row.getBoundingClientRect().top]));
  const held = place.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  place.replaceChildren(...fresh.childNodes);
  if (held) place.querySelector(`a[href="${CSS.escape(held)}"]`)?.focus();
  glide(before);
}

async function refresh() {
  // The browser sends the ETag along and answers from its cache where nothing changed.
  const answer = await fetch(place.dataset.live, { cache: "no-cache" });
  if (answer.ok && on()) replace(await answer.text());
}

async function keep() {
  if (!document.hidden && on()) await refresh().catch(() => {});
  // Not all at once: a thousand pages were opened at the same whistle.
  setTimeout(keep, EVERY + Math.random() * SPREAD);
}

turn.hidden = false;
turn.addEventListener("click", () => {
  turn.setAttribute("aria-pressed", String(!on()));
  if (on()) refresh().catch(() => {});
});
setTimeout(keep, EVERY);
