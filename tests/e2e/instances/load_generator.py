"""Users who continuously sign up, vote and upload, and record the answers."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import requests

from tests.e2e.up.people import ApiUser

_VOTERS = 2
_SECONDS_BETWEEN_VOTES = 0.2
_SECONDS_BETWEEN_UPLOADS = 4.0


class SimulatedUsers:
    """Generate load on the portal while the block runs.

    Args:
        url: URL of the portal.
        clip: clip to upload; without one, users only sign up and vote.
        retries: number of retries of a failed request.
    """

    def __init__(self, url: str, clip: Path | None = None, *, retries: int = 0) -> None:
        self._url, self._clip, self._retries = url, clip, retries
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.answered = 0
        self.retried: list[str] = []
        self.failed: list[str] = []
        self.signed_up: set[str] = set()
        self.votes: set[tuple[str, str]] = set()
        self.uploads: list[str] = []
        tasks = [self._vote] * _VOTERS + ([self._upload] if clip else [])
        self._threads = [threading.Thread(target=task, daemon=True) for task in tasks]

    def __enter__(self) -> SimulatedUsers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def __str__(self) -> str:
        kinds = f"{len(self.signed_up)} sign-ups, {len(self.votes)} votes, {len(self.uploads)} uploads"
        return f"{self.answered} requests answered ({kinds}), {len(self.retried)} retried, {len(self.failed)} failed"

    def _vote(self) -> None:
        while not self._stop.is_set():
            voter = self._new_user("Santiago")
            if voter is None:
                continue
            listed = self._request(200, "list", lambda user: user.get("/api/public/videos"), voter)
            videos = [video["video_id"] for video in listed.json()] if listed else []
            for video in random.sample(videos, min(len(videos), 5)):
                if self._request(200, "vote", ApiUser.vote, voter, video):
                    self.votes.add((voter.email, video))
                self._stop.wait(_SECONDS_BETWEEN_VOTES)

    def _upload(self) -> None:
        player = self._new_user("Valentina")
        while player and not self._stop.is_set():
            answer = self._request(201, "upload", ApiUser.upload, player, self._clip, "Robo y bandeja")
            if answer:
                self.uploads.append(answer.json()["task_id"])
            self._stop.wait(_SECONDS_BETWEEN_UPLOADS)

    def _new_user(self, name: str) -> ApiUser | None:
        user = ApiUser(self._url, name, "Zipaquirá")
        if not self._request(201, "sign-up", ApiUser.sign_up, user):
            return None
        self.signed_up.add(user.email)
        return user if self._request(200, "sign-in", ApiUser.request_token, user) else None

    def _request(
        self, status: int, what: str, send: Callable[..., requests.Response], *arguments: object
    ) -> requests.Response | None:
        for attempt in range(self._retries + 1):
            answer = None
            try:
                answer = send(*arguments)
                problem = f"{what}: {answer.status_code} {answer.text[:300]}"
            except requests.RequestException as error:
                problem = f"{what}: {error!r}"
            problem = f"{time.strftime('%H:%M:%S')} {problem}"
            expected = answer is not None and answer.status_code == status
            with self._lock:
                self.answered += answer is not None
                if not expected:
                    (self.retried if attempt < self._retries else self.failed).append(problem)
            if expected:
                return answer
        return None
