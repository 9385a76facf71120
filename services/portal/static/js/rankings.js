// Polls the ranking; an unchanged one gives an empty 304 response. Viewers can pause the updates.

const POLL_MS = 5000;
const JITTER_MS = 2000;
const place = document.getElementById("live");
const toggle = document.getElementById("live-switch");
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
const on = () => toggle.getAttribute("aria-pressed") === "true";

const rows = () => new Map([...place.querySelectorAll(".ranks > li")].map((row) => [row.dataset.video, row]));

// Animates moved rows from their old position to the new one.
function animateMoves(before) {
  if (reducedMotion.matches) return;
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
  const focusedHref = place.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  place.replaceChildren(...fresh.childNodes);
  if (focusedHref) place.querySelector(`a[href="${CSS.escape(focusedHref)}"]`)?.focus();
  animateMoves(before);
}

async function refresh() {
  // The browser sends the ETag and answers from its cache if the list is unchanged.
  const answer = await fetch(place.dataset.live, { cache: "no-cache" });
  if (answer.ok && on()) replace(await answer.text());
}

async function poll() {
  if (!document.hidden && on()) await refresh().catch(() => {});
  // Jitter: many pages are opened at the same moment.
  setTimeout(poll, POLL_MS + Math.random() * JITTER_MS);
}

toggle.hidden = false;
toggle.addEventListener("click", () => {
  toggle.setAttribute("aria-pressed", String(!on()));
  if (on()) refresh().catch(() => {});
});
setTimeout(poll, POLL_MS);
