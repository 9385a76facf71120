"""A site with players, clips and votes, so that every page has content."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import create_engine

from operations.local import clips
from services.contest.users import add_user
from services.contest.votes import cast_vote

from .site import Account, Client, Site

CLIPS = (
    ("Valentina", "Rojas", "Bogotá", "Triple desde media cancha", clips.BLUE, "1280x720"),
    ("Santiago", "Mejía", "Manizales", "Crossover y bandeja a una mano", clips.GREEN, "720x1280"),
    ("Camila", "Salazar", "Pereira", "Clavada en el último segundo", clips.CLAY, "854x480"),
    ("Andrés", "De la Hoz", "Barranquilla", "Asistencia sin mirar", clips.GREEN, "1280x720"),
)
VOTES = ((1, 0), (2, 0), (3, 0), (0, 1), (2, 1), (0, 2))

# Votes for the last video by new accounts, for the moderator to find.
NETWORKS = ("203.0.113.0/24",) * 6 + ("198.51.100.0/24",) * 2


@dataclass(frozen=True)
class Scene:
    """The users of the site and their videos.

    Args:
        site: the site.
        players: clients of the players; each has one public video.
        videos: ids of the public videos, in the same order.
        failed: id of the first player's failed video, a text file.
        private: id of the first player's private video.
        moderator: a moderator, who has hidden a video and set votes aside.
        hidden: id of the third player's hidden video.
    """

    site: Site
    players: list[Client]
    videos: list[str]
    failed: str
    private: str
    moderator: Client
    hidden: str


def set_up(site: Site, folder: Path) -> Scene:
    """Fill a site and wait until all videos are processed."""
    players, videos = [], []
    for first_name, last_name, city, title, floor, size in CLIPS:
        player = Client(site, Account(first_name, last_name, city, f"{uuid.uuid4().hex}@ejemplo.co"))
        clip = clips.make_clip(folder / "clip.mp4", seconds=1, size=size, floor=floor)
        players.append(player)
        videos.append(player.upload(clip, title))
    private = players[0].upload(clip, "Entrenamiento en el parque", is_public=False)
    note = folder / "no es un video.mp4"
    note.write_text("esto no es un video")
    failed = players[0].upload(note, "Archivo equivocado")
    hidden = players[2].upload(clip, "Video de un partido de la NBA")
    for player, count in zip(players, (3, 1, 2, 1), strict=True):
        player.wait_until_done(count=count)
    for voter, video in VOTES:
        players[voter].vote(videos[video])
    vote_in_bulk(site, videos[3])
    moderator = new_moderator(site)
    moderator.moderate(f"videos/{hidden}/hide", reason="No es suyo: es de una transmisión de televisión.")
    moderator.moderate(
        f"videos/{videos[3]}/votes/set-aside", network=NETWORKS[-1], reason="Cuentas creadas en el mismo minuto."
    )
    return Scene(site, players, videos, failed, private, moderator, hidden)


def new_moderator(site: Site) -> Client:
    """Create a user with the moderator role."""
    moderator = Client(site, Account("Marta", "Ríos", "Bogotá", f"{uuid.uuid4().hex}@ejemplo.co"))
    with psycopg.connect(site.database_url) as connection:
        connection.execute("UPDATE users SET is_moderator = true WHERE email = %s", [moderator.account.email])
    return moderator


def vote_in_bulk(site: Site, video_id: str) -> None:
    """Give a video votes of new accounts, some from each of ``NETWORKS``."""
    engine = create_engine(site.database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        for network in NETWORKS:
            fan = add_user(
                connection,
                first_name="Fan",
                last_name="Comprado",
                email=f"{uuid.uuid4().hex}@ejemplo.co",
                password_hash="none",
                city="Cali",
                country="Colombia",
            )
            assert fan is not None
            cast_vote(connection, uuid.UUID(video_id), fan, network=network)
    engine.dispose()
