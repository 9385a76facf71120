"""A crowd: people who sign up, vote and upload without a pause, and keep what they are answered."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import requests

from tests.e2e.up.people import Person

_VOTERS = 2
_SECONDS_BETWEEN_VOTES = 0.2
_SECONDS_BETWEEN_UPLOADS = 4.0


class Crowd:
    """People at the portal until the block ends.

    Args:
        url: of the portal.
        clip: what they upload; without one they vote and sign up only.
        retries: how often they ask again when a request fails.
    """

    def __init__(self, url: str, clip: Path | None = None, *, retries: int = 0) -> None:
        self._url, self._clip, self._retries = url, clip, retries
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.answered = 0
        self.retried: list[str] = []
        self.failed: list[str] = []
        self.signed_up: set[str] = set()
        self.votes: set[tuple[str, str]] = set()
        self.uploads: list[str] = []
        works = [self._vote] * _VOTERS + ([self._upload] if clip else [])
        self._threads = [threading.Thread(target=work, daemon=True) for work in works]

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def __str__(self) -> str:
        kinds = f"{len(self.signed_up)} sign-ups, {len(self.votes)} votes, {len(self.uploads)} uploads"
        return f"{self.answered} requests answered ({kinds}), {len(self.retried)} retried, {len(self.failed)} failed"

    def _vote(self) -> None:
        while not self._over.is_set():
            fan = self._newcomer("Santiago")
            if fan is None:
                continue
            seen = self._ask(200, "list", lambda fan: fan.get("/api/public/videos"), fan)
            videos = [video["video_id"] for video in seen.json()] if seen else []
            for video in random.sample(videos, min(len(videos), 5)):
                if self._ask(200, "vote", Person.vote, fan, video):
                    self.votes.add((fan.email, video))
                self._over.wait(_SECONDS_BETWEEN_VOTES)

    def _upload(self) -> None:
        player = self._newcomer("Valentina")
        while player and not self._over.is_set():
            answer = self._ask(201, "upload", Person.upload, player, self._clip, "Robo y bandeja")
            if answer:
                self.uploads.append(answer.json()["task_id"])
            self._over.wait(_SECONDS_BETWEEN_UPLOADS)

    def _newcomer(self, name: str) -> Person | None:
        person = Person(self._url, name, "Zipaquirá")
        if not self._ask(201, "sign-up", Person.sign_up, person):
            return None
        self.signed_up.add(person.email)
        return person if self._ask(200, "sign-in", Person.ask_for_token, person) else None

    def _ask(
        self, wanted: int, what: str, ask: Callable[..., requests.Response], *arguments: object
    ) -> requests.Response | None:
        for tried in range(self._retries + 1):
            answer = None
            try:
                answer = ask(*arguments)
                problem = f"{what}: {answer.status_code} {answer.text[:300]}"
            except requests.RequestException as error:
                problem = f"{what}: {error!r}"
            problem = f"{time.strftime('%H:%M:%S')} {problem}"
            good = answer is not None and answer.status_code == wanted
            with self._lock:
                self.answered += answer is not None
                if not good:
                    (self.retried if tried < self._retries else self.failed).append(problem)
            if good:
                return answer
        return None
