// Shimmers the list while another page of it loads; the layout does not move.

const list = document.querySelector("[data-changing]");
const DELAY_MS = 150;
let timer;

const wait = () => {
  // A fast response needs no shimmer.
  timer = setTimeout(() => list.setAttribute("aria-busy", "true"), DELAY_MS);
};

const done = () => {
  clearTimeout(timer);
  list.removeAttribute("aria-busy");
};

document.addEventListener("submit", (event) => event.target.matches(".filter") && wait());
document.addEventListener("click", (event) => {
  const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
  if (!elsewhere && event.target.closest(".pages a, .found a, .empty a")) wait();
});
// The back-forward cache may restore the page while it shimmers.
window.addEventListener("pageshow", done);
