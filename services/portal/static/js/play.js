// Plays a video where its poster stands, one at a time. Without scripts the poster leads to the video's page.

function play(frame) {
  for (const other of document.querySelectorAll(".card video")) other.pause();
  const video = document.createElement("video");
  Object.assign(video, { controls: true, muted: true, playsInline: true, preload: "none", src: frame.dataset.play });
  video.poster = frame.querySelector("img")?.src ?? "";
  video.setAttribute("aria-label", frame.dataset.label);
  const screen = document.createElement("div");
  screen.className = frame.className;
  screen.append(video);
  frame.replaceWith(screen);
  video.focus();
  // Where it cannot be played its own controls say so.
  video.play().catch(() => {});
}

for (const frame of document.querySelectorAll("a[data-play]")) frame.setAttribute("role", "button");

document.addEventListener("click", (event) => {
  const frame = event.target.closest("a[data-play]");
  // Who opens it elsewhere gets the page.
  if (!frame || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  play(frame);
});

// A button is pressed by the space bar, too.
document.addEventListener("keydown", (event) => {
  const frame = event.key === " " && event.target.closest("a[data-play]");
  if (!frame) return;
  event.preventDefault();
  play(frame);
});
