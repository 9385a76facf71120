// Shares the page with the device's share dialog, or copies its URL.

const button = document.querySelector("[data-share]");
if (button && (navigator.share || navigator.clipboard)) {
  const address = document.querySelector("link[rel=canonical]").href;
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (navigator.share) {
      // Closing the dialog rejects the promise; that is not an error.
      await navigator.share({ title: document.title, url: address }).catch(() => {});
    } else {
      await navigator.clipboard.writeText(address);
      button.querySelector("span").textContent = button.dataset.done;
    }
  });
}
