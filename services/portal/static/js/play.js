// Plays a video in place of its poster, one at a time. Without scripts the poster links to the video's page.

function play(frame) {
  for (const other of document.querySelectorAll(".card video")) other.pause();
  const video = document.createElement("video");
  Object.assign(video, { controls: true, muted: true, playsInline: true, preload: "none", src: frame.dataset.play });
  video.dataset.renew = frame.dataset.play;
  video.poster = frame.querySelector("img")?.src ?? "";
  video.setAttribute("aria-label", frame.dataset.label);
  const screen = document.createElement("div");
  screen.className = frame.className;
  screen.append(video);
  frame.replaceWith(screen);
  video.focus();
  // If it cannot be played, its controls show that.
  video.play().catch(() => {});
}

for (const frame of document.querySelectorAll("a[data-play]")) frame.setAttribute("role", "button");

document.addEventListener("click", (event) => {
  const frame = event.target.closest("a[data-play]");
  // Opening in a new tab or window leads to the page.
  if (!frame || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  play(frame);
});

// The space bar presses a button, too.
document.addEventListener("keydown", (event) => {
  const frame = event.key === " " && event.target.closest("a[data-play]");
  if (!frame) return;
  event.preventDefault();
  play(frame);
});
