"""Stacks side by side: what starts when, what a failure and an interruption do, how questions are asked."""

from __future__ import annotations

import io
import os
import signal
import threading
from collections.abc import Callable, Mapping

import pytest
from rich.console import Console

from operations.deploy.interruption import Interruption
from operations.deploy.prompts import Cancelled
from operations.deploy.scheduler import Scheduler
from workspace.errors import UserError
from workspace.progress import Board

NEEDS = {
    "network": (),
    "queue": (),
    "database": ("network",),
    "load-balancer": ("network",),
    "portal": ("database", "load-balancer", "queue"),
}
SECONDS = 30
"""A safety net: an event that never comes fails the test."""


class Deployment:
    """A scheduler whose jobs the test lets go on, and what they did."""

    def __init__(self, needs: Mapping[str, tuple[str, ...]] = NEEDS) -> None:
        self.output = io.StringIO()
        self.interruption = Interruption()
        self.board = Board(Console(file=self.output, width=200))
        self.scheduler = Scheduler(needs, self.interruption, self.board)
        self.done: list[str] = []
        self.started = {name: threading.Event() for name in needs}

    def run(self, **jobs: Callable[[], None]) -> None:
        def job(name: str) -> None:
            self.started[name].set()
            jobs.get(name.replace("-", "_"), lambda: None)()
            self.done.append(name)

        self.scheduler.run(job)

    def wait_for(self, *names: str) -> None:
        for name in names:
            assert self.started[name].wait(SECONDS), f"{name} was not started"


def test_each_stack_starts_when_those_it_needs_are_done() -> None:
    deployment = Deployment()
    deployment.run()
    place = {name: number for number, name in enumerate(deployment.done)}
    assert sorted(place) == sorted(NEEDS)
    assert all(place[needed] < place[name] for name, needs in NEEDS.items() for needed in needs)


def test_stacks_that_do_not_need_each_other_run_side_by_side() -> None:
    deployment = Deployment()
    deployment.run(
        # Neither ends before the other one was started.
        database=lambda: deployment.wait_for("load-balancer"),
        load_balancer=lambda: deployment.wait_for("database"),
    )
    assert deployment.done[-1] == "portal"


def test_after_a_failure_those_under_way_finish_and_none_starts() -> None:
    deployment = Deployment()
    failed = threading.Event()

    def fail() -> None:
        deployment.wait_for("database")
        failed.set()
        raise UserError("the name is taken")

    with pytest.raises(UserError, match="^the name is taken$"):
        deployment.run(load_balancer=fail, database=lambda: assert_set(failed))
    assert "database" in deployment.done
    assert not deployment.started["portal"].is_set()


def assert_set(event: threading.Event) -> None:
    assert event.wait(SECONDS)


def test_several_failures_are_all_reported_once() -> None:
    deployment = Deployment({"network": (), "queue": (), "storage": ()})

    def fail(message: str) -> Callable[[], None]:
        def job() -> None:
            # All are under way before the first fails.
            deployment.wait_for("network", "queue", "storage")
            raise UserError(message)

        return job

    with pytest.raises(UserError) as error:
        deployment.run(network=fail("no credentials"), queue=fail("no credentials"), storage=fail("a quota"))
    assert sorted(error.value.message.splitlines()) == ["a quota", "no credentials"]


def test_what_is_still_under_way_after_a_failure_is_shown() -> None:
    deployment = Deployment({"network": (), "queue": ()})

    def fail() -> None:
        deployment.wait_for("queue")
        raise UserError("wrong")

    with pytest.raises(UserError):
        deployment.run(network=fail, queue=lambda: wait_until_printed(deployment, "Nothing more is started."))
    assert "Nothing more is started. Under way: queue." in deployment.output.getvalue()


def wait_until_printed(deployment: Deployment, text: str) -> None:
    printed = threading.Event()
    for _ in range(SECONDS * 100):
        if text in deployment.output.getvalue():
            return
        printed.wait(0.01)
    raise AssertionError(deployment.output.getvalue())


def test_ctrl_c_lets_those_under_way_finish_and_starts_none() -> None:
    deployment = Deployment()

    def press() -> None:
        deployment.wait_for("load-balancer")
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(UserError, match="Interrupted. What was made is in the state"):
        deployment.run(
            database=press, load_balancer=lambda: wait_until_printed(deployment, "Stopping when the stacks under way")
        )
    assert sorted(deployment.done) == ["database", "load-balancer", "network", "queue"]


def test_questions_are_asked_in_the_main_thread_one_at_a_time() -> None:
    deployment = Deployment({"network": (), "queue": ()})
    asked: list[tuple[str, threading.Thread]] = []
    asking = threading.Lock()

    def ask(name: str) -> Callable[[], None]:
        def question() -> None:
            assert asking.acquire(blocking=False), "another question is being asked"
            asked.append((name, threading.current_thread()))
            asking.release()

        return lambda: deployment.scheduler.ask(name, question)

    deployment.run(network=ask("network"), queue=ask("queue"))
    assert sorted(name for name, _ in asked) == ["network", "queue"]
    assert {thread for _, thread in asked} == {threading.main_thread()}


def test_nothing_is_printed_while_a_question_is_asked() -> None:
    deployment = Deployment({"network": (), "queue": ()})
    asking = threading.Event()

    def question() -> None:
        asking.set()
        deployment.wait_for("queue")
        # What the other job prints meanwhile waits for the answer.
        assert "progress" not in deployment.output.getvalue()

    def progress() -> None:
        assert_set(asking)
        deployment.board.print("progress")

    deployment.run(network=lambda: deployment.scheduler.ask("network", question), queue=progress)
    assert "progress" in deployment.output.getvalue()


def test_an_answer_of_no_lets_those_under_way_finish() -> None:
    deployment = Deployment({"network": (), "queue": (), "portal": ("network", "queue")})
    declined = threading.Event()

    def question() -> None:
        declined.set()
        raise Cancelled

    with pytest.raises(Cancelled):
        deployment.run(
            network=lambda: deployment.scheduler.ask("network", question), queue=lambda: assert_set(declined)
        )
    assert deployment.done == ["queue"]


def test_no_question_is_asked_after_a_failure() -> None:
    deployment = Deployment({"network": (), "queue": ()})

    def question() -> None:
        raise AssertionError("it was asked")

    def ask() -> None:
        wait_until_printed(deployment, "Under way: queue")
        deployment.scheduler.ask("queue", question)

    def fail() -> None:
        deployment.wait_for("queue")
        raise UserError("wrong")

    with pytest.raises(UserError, match="^wrong$"):
        deployment.run(network=fail, queue=ask)
    assert deployment.done == []


def test_ctrl_c_at_a_question_ends_the_deployment() -> None:
    deployment = Deployment({"network": ()})

    def question() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("it went on")

    with pytest.raises(UserError, match="Interrupted"):
        deployment.run(network=lambda: deployment.scheduler.ask("network", question))
