// While another page of a list is on its way, the list in its place shimmers: nothing moves until the new one is there.

const list = document.querySelector("[data-changing]");
const WAIT = 150;
let timer;

const wait = () => {
  // A fast answer is not announced.
  timer = setTimeout(() => list.setAttribute("aria-busy", "true"), WAIT);
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
// Back and forward may show the page as it was left.
window.addEventListener("pageshow", done);
