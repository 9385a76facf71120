// Casts and retracts votes without leaving the page. If the request fails, the form is submitted instead.

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const place = form.closest("[data-vote]");
  if (!place) return;
  event.preventDefault();
  const button = form.querySelector("button");
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { "X-Fragment": "vote" },
      redirect: "manual",
    });
    if (answer.status !== 200) throw new Error(`the vote failed with status ${answer.status}`);
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = parsed.querySelector("[data-vote]");
    place.replaceWith(fresh);
    fresh.querySelector(".voted, button")?.focus();
  } catch {
    form.submit();
  }
});
