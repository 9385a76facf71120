"""Sample players, clips and votes, added through the portal's API."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import requests
from rich.console import Console

from operations.local import clips
from workspace.errors import UserError
from workspace.progress import Step, step

# Printed on the terminal; the accounts exist on this machine only.
PASSWORD = "demo-anb-canasta"
DOMAIN = "demo.anb.example"
PROCESSING_SECONDS = 600


@dataclass(frozen=True)
class DemoClip:
    """A video to upload.

    Args:
        title: Title in the portal.
        floor: Colour of the court, in ffmpeg's syntax.
        size: Width x height in pixels.
        seconds: Duration in seconds.
    """

    title: str
    floor: str
    size: str
    seconds: int


@dataclass(frozen=True)
class Player:
    """A sample player, with an optional clip and votes for other players' videos."""

    first_name: str
    last_name: str
    city: str
    clip: DemoClip | None
    votes_for: tuple[str, ...]

    @property
    def email(self) -> str:
        return f"{self.first_name}@{DOMAIN}".lower()


TRIPLE = DemoClip("Triple desde media cancha", clips.BLUE, "1280x720", 6)
CROSSOVER = DemoClip("Crossover y bandeja", clips.GREEN, "720x1280", 8)
DUNK = DemoClip("Clavada en el Movistar Arena", clips.CLAY, "854x480", 5)
ASSIST = DemoClip("Asistencia sin mirar", clips.PLUM, "640x640", 7)
BLOCK = DemoClip("Tapón en el último segundo", clips.SAND, "1080x1920", 4)

PLAYERS = (
    Player("Valentina", "Rojas", "Bogotá", TRIPLE, (CROSSOVER.title, DUNK.title, BLOCK.title)),
    Player("Santiago", "Mejía", "Medellín", CROSSOVER, (TRIPLE.title, DUNK.title)),
    Player("Camila", "Valencia", "Cali", DUNK, (TRIPLE.title, CROSSOVER.title, ASSIST.title)),
    Player("Andrés", "De la Hoz", "Barranquilla", ASSIST, (TRIPLE.title, DUNK.title)),
    Player("Laura", "Gómez", "Bogotá", BLOCK, (TRIPLE.title,)),
    Player("Mateo", "Arango", "Medellín", None, (TRIPLE.title, CROSSOVER.title, DUNK.title, ASSIST.title)),
)


def add_demo(url: str, console: Console) -> None:
    """Add the sample data that does not exist yet.

    Args:
        url: URL of the portal.
        console: where the progress is shown.

    Raises:
        UserError: a video could not be processed.
    """
    with step("Signing up the players of the demo", console) as current:
        sessions = {player: _sign_in(url, player) for player in PLAYERS}
        current.note(f"{len(sessions)} players")
    with (
        step("Rendering and uploading clips", console) as current,
        tempfile.TemporaryDirectory() as folder,
    ):
        uploads = [(player, player.clip) for player in PLAYERS if player.clip]
        for number, (player, clip) in enumerate(uploads, start=1):
            current.note(f"{number} of {len(uploads)}")
            _upload(url, sessions[player], clip, Path(folder))
    with step("Processing the videos", console) as current:
        _wait_for_processing(url, [sessions[player] for player, _ in uploads], current)
    with step("Voting", console) as current:
        count = sum(_vote(url, sessions[player], player) for player in PLAYERS)
        current.note(f"{count} votes")
    console.print(f"Sign in as {PLAYERS[0].email} with the password {PASSWORD}", highlight=False)


def _sign_in(url: str, player: Player) -> requests.Session:
    session = requests.Session()
    # The portal is on loopback: ignore the user's proxy settings.
    session.trust_env = False
    account = {
        "first_name": player.first_name,
        "last_name": player.last_name,
        "email": player.email,
        "password1": PASSWORD,
        "password2": PASSWORD,
        "city": player.city,
        "country": "Colombia",
    }
    response = session.post(f"{url}/api/auth/signup", json=account, timeout=30)
    if response.status_code != 201 and "already registered" not in response.text:
        raise UserError(f"The portal rejected the sign-up of {player.email}: {response.status_code} {response.text}")
    login = {"email": player.email, "password": PASSWORD}
    token = _checked(session.post(f"{url}/api/auth/login", json=login, timeout=30)).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    return session


def _upload(url: str, session: requests.Session, clip: DemoClip, folder: Path) -> None:
    mine = _checked(session.get(f"{url}/api/videos", timeout=30)).json()
    if any(video["title"] == clip.title for video in mine):
        return
    path = folder / "clip.mp4"
    clips.make_clip(path, seconds=clip.seconds, size=clip.size, floor=clip.floor)
    with path.open("rb") as file:
        files = {"video_file": ("mi jugada.mp4", file, "video/mp4")}
        form = {"title": clip.title, "is_public": "true"}
        _checked(session.post(f"{url}/api/videos/upload", data=form, files=files, timeout=120))


def _wait_for_processing(url: str, sessions: list[requests.Session], current: Step) -> None:
    deadline = time.monotonic() + PROCESSING_SECONDS
    while True:
        videos = [
            video for session in sessions for video in _checked(session.get(f"{url}/api/videos", timeout=30)).json()
        ]
        waiting = [video for video in videos if video["status"] in ("uploaded", "processing")]
        current.note(f"{len(videos) - len(waiting)} of {len(videos)}")
        if not waiting:
            break
        if time.monotonic() > deadline:
            raise UserError(
                f"{len(waiting)} videos were not processed within {PROCESSING_SECONDS} s. See ./anb logs worker."
            )
        time.sleep(1)
    failed = [video["title"] for video in videos if video["status"] == "failed"]
    if failed:
        raise UserError(f"Processing failed for: {', '.join(failed)}. See ./anb logs worker.")


def _vote(url: str, session: requests.Session, player: Player) -> int:
    by_title = {
        video["title"]: video["video_id"]
        for video in _checked(session.get(f"{url}/api/public/videos", timeout=30)).json()
    }
    votes = set(_checked(session.get(f"{url}/api/user/votes", timeout=30)).json())
    missing = {by_title[title] for title in player.votes_for if title in by_title} - votes
    for video in missing:
        _checked(session.post(f"{url}/api/public/videos/{video}/vote", timeout=30))
    return len(missing)


def _checked(response: requests.Response) -> requests.Response:
    if not response.ok:
        raise UserError(f"The portal returned {response.status_code} for {response.url}: {response.text[:300]}")
    return response
