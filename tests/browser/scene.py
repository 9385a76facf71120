"""A site with players, clips and votes, so that every page has something to show."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

from operations.local import clips

from .site import Account, Client, Site

CLIPS = (
    ("Valentina", "Rojas", "Bogotá", "Triple desde media cancha", clips.BLUE, "1280x720"),
    ("Santiago", "Mejía", "Medellín", "Crossover y bandeja a una mano", clips.GREEN, "720x1280"),
    ("Camila", "Valencia", "Cali", "Clavada en el último segundo", clips.CLAY, "854x480"),
    ("Andrés", "De la Hoz", "Barranquilla", "Asistencia sin mirar", clips.GREEN, "1280x720"),
)
VOTES = ((1, 0), (2, 0), (3, 0), (0, 1), (2, 1), (0, 2))


@dataclass(frozen=True)
class Scene:
    """Who is there and what they made.

    Args:
        site: where.
        players: with the API's eyes; each has one public video.
        videos: ids of their videos, in the same order.
        failed: id of the first player's second upload, a text file.
        private: id of the first player's private video.
    """

    site: Site
    players: list[Client]
    videos: list[str]
    failed: str
    private: str


def set_up(site: Site, folder: Path) -> Scene:
    """Fill a site and wait until the worker is done with everything."""
    players, videos = [], []
    for first_name, last_name, city, title, floor, size in CLIPS:
        player = Client(site, Account(first_name, last_name, city, f"{uuid.uuid4().hex}@ejemplo.co"))
        clip = clips.make_clip(folder / "clip.mp4", seconds=3, size=size, floor=floor)
        players.append(player)
        videos.append(player.upload(clip, title))
    private = players[0].upload(clip, "Entrenamiento en el parque", is_public=False)
    note = folder / "no es un video.mp4"
    note.write_text("esto no es un video")
    failed = players[0].upload(note, "Archivo equivocado")
    players[0].wait_until_done(count=3)
    for player in players[1:]:
        player.wait_until_done(count=1)
    for voter, video in VOTES:
        players[voter].vote(videos[video])
    return Scene(site, players, videos, failed, private)
