// Replaces links to the bucket that have ended: one is valid for an hour at most, less if the keys that signed it end.

const PAUSE_MS = 60_000;
const renewed = new WeakMap();

/** Loads a picture or a video again, by way of the portal; a video continues where it was. */
function renew(media) {
  // Another failure soon after has another reason.
  if (performance.now() - (renewed.get(media) ?? -Infinity) < PAUSE_MS) return;
  renewed.set(media, performance.now());
  const { currentTime, paused } = media;
  media.src = media.dataset.renew;
  if (!(media instanceof HTMLVideoElement)) return;
  const resume = () => {
    media.currentTime = currentTime;
    // If it cannot be played, its controls show that.
    if (!paused) media.play().catch(() => {});
  };
  media.addEventListener("loadedmetadata", resume, { once: true });
  media.load();
}

// Errors of media do not bubble.
document.addEventListener(
  "error",
  ({ target }) => {
    const media = target instanceof HTMLSourceElement ? target.parentElement : target;
    if (media instanceof HTMLElement && media.dataset.renew) renew(media);
  },
  true,
);

// One may have failed before this script ran.
for (const video of document.querySelectorAll("video[data-renew]")) {
  if (video.error || video.networkState === HTMLMediaElement.NETWORK_NO_SOURCE) renew(video);
}
