// Shares the page by the device's own means, or copies its address.

const button = document.querySelector("[data-share]");
if (button && (navigator.share || navigator.clipboard)) {
  const address = document.querySelector("link[rel=canonical]").href;
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (navigator.share) {
      // Closing the device's dialog is no fault.
      await navigator.share({ title: document.title, url: address }).catch(() => {});
    } else {
      await navigator.clipboard.writeText(address);
      button.querySelector("span").textContent = button.dataset.done;
    }
  });
}
