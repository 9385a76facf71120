// Polls the list of the player's videos; an unchanged list gives an empty 304 response.

const POLL_PENDING_MS = 2000;
const POLL_IDLE_MS = 30000;
const place = document.getElementById("live");
const news = document.getElementById("live-news");

const pending = () => place.querySelector("[data-state=uploaded], [data-state=processing]") !== null;

function announce(item) {
  const sentence = item.querySelector("[data-news]");
  if (sentence) news.textContent = `${item.querySelector("h2").textContent}: ${sentence.textContent}`;
}

// Replaces changed items only, so that focus and images are kept.
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
    const stateChanged = current.dataset.state !== item.dataset.state;
    const hadFocus = current.contains(document.activeElement);
    current.replaceWith(item);
    if (hadFocus) item.querySelector("a")?.focus();
    if (stateChanged) announce(item);
  }
}

async function refresh() {
  // The browser sends the ETag and answers from its cache if the list is unchanged.
  const answer = await fetch(place.dataset.live, { cache: "no-cache", redirect: "manual" });
  if (answer.type === "opaqueredirect") return location.reload();
  if (answer.ok) merge(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

async function poll() {
  if (!document.hidden) await refresh().catch(() => {});
  setTimeout(poll, pending() ? POLL_PENDING_MS : POLL_IDLE_MS);
}

setTimeout(poll, POLL_PENDING_MS);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh().catch(() => {});
});
