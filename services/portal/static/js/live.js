// Keeps the list of the player's videos as it is on the server; an unchanged list costs an empty answer.

const QUICK = 2000;
const SLOW = 30000;
const place = document.getElementById("live");
const news = document.getElementById("live-news");

const pending = () => place.querySelector("[data-state=uploaded], [data-state=processing]") !== null;

function tell(item) {
  const sentence = item.querySelector("[data-news]");
  if (sentence) news.textContent = `${item.querySelector("h2").textContent}: ${sentence.textContent}`;
}

// Only what changed is replaced, so that focus and pictures stay where they are.
function merge(fresh) {
  const old = place.querySelector("ul.mine");
  const list = fresh.querySelector("ul.mine");
  const ids = (element) => [...(element?.children ?? [])].map((item) => item.id).join();
  if (ids(old) !== ids(list)) {
    place.replaceChildren(...fresh.body.childNodes);
    return;
  }
  for (const item of [...(list?.children ?? [])]) {
    const current = document.getElementById(item.id);
    if (current.outerHTML === item.outerHTML) continue;
    const moved = current.dataset.state !== item.dataset.state;
    const held = current.contains(document.activeElement);
    current.replaceWith(item);
    if (held) item.querySelector("a")?.focus();
    if (moved) tell(item);
  }
}

async function refresh() {
  // The browser sends the ETag along and answers from its cache where nothing changed.
  const answer = await fetch(place.dataset.live, { cache: "no-cache", redirect: "manual" });
  if (answer.type === "opaqueredirect") return location.reload();
  if (answer.ok) merge(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

async function keep() {
  if (!document.hidden) await refresh().catch(() => {});
  setTimeout(keep, pending() ? QUICK : SLOW);
}

setTimeout(keep, QUICK);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh().catch(() => {});
});
