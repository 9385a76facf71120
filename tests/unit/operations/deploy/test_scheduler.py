"""Parallel stacks: order, failures, interruptions and questions."""

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
from operations.deploy.scheduler import StackScheduler
from workspace.errors import UserError
from workspace.progress import Board

DEPENDENCIES = {
    "network": (),
    "queue": (),
    "database": ("network",),
    "load-balancer": ("network",),
    "portal": ("database", "load-balancer", "queue"),
}
TIMEOUT_SECONDS = 30
"""Fails the test if an event does not occur."""


class FakeDeployment:
    """A scheduler with jobs that the test controls, and a record of what they did."""

    def __init__(self, dependencies: Mapping[str, tuple[str, ...]] = DEPENDENCIES) -> None:
        self.output = io.StringIO()
        self.interruption = Interruption()
        self.board = Board(Console(file=self.output, width=200))
        self.scheduler = StackScheduler(dependencies, self.interruption, self.board)
        self.done: list[str] = []
        self.started = {name: threading.Event() for name in dependencies}

    def run(self, **jobs: Callable[[], None]) -> None:
        def job(name: str) -> None:
            self.started[name].set()
            jobs.get(name.replace("-", "_"), lambda: None)()
            self.done.append(name)

        self.scheduler.run(job)

    def wait_for(self, *names: str) -> None:
        for name in names:
            assert self.started[name].wait(TIMEOUT_SECONDS), f"{name} was not started"


def test_stack_starts_after_its_dependencies() -> None:
    deployment = FakeDeployment()
    deployment.run()
    position = {name: number for number, name in enumerate(deployment.done)}
    assert sorted(position) == sorted(DEPENDENCIES)
    assert all(position[needed] < position[name] for name, needs in DEPENDENCIES.items() for needed in needs)


def test_independent_stacks_run_in_parallel() -> None:
    deployment = FakeDeployment()
    deployment.run(
        # Each job ends only after the other has started.
        database=lambda: deployment.wait_for("load-balancer"),
        load_balancer=lambda: deployment.wait_for("database"),
    )
    assert deployment.done[-1] == "portal"


def test_after_a_failure_running_jobs_finish_and_none_starts() -> None:
    deployment = FakeDeployment()
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
    assert event.wait(TIMEOUT_SECONDS)


def test_all_failures_are_reported_once() -> None:
    deployment = FakeDeployment({"network": (), "queue": (), "storage": ()})

    def fail(message: str) -> Callable[[], None]:
        def job() -> None:
            # All are running before the first one fails.
            deployment.wait_for("network", "queue", "storage")
            raise UserError(message)

        return job

    with pytest.raises(UserError) as error:
        deployment.run(network=fail("no credentials"), queue=fail("no credentials"), storage=fail("a quota"))
    assert sorted(error.value.message.splitlines()) == ["a quota", "no credentials"]


def test_running_stacks_are_printed_after_a_failure() -> None:
    deployment = FakeDeployment({"network": (), "queue": ()})

    def fail() -> None:
        deployment.wait_for("queue")
        raise UserError("wrong")

    with pytest.raises(UserError):
        deployment.run(network=fail, queue=lambda: wait_until_printed(deployment, "No more stacks"))
    assert "No more stacks will be started. Still running: queue." in deployment.output.getvalue()


def wait_until_printed(deployment: FakeDeployment, text: str) -> None:
    printed = threading.Event()
    for _ in range(TIMEOUT_SECONDS * 100):
        if text in deployment.output.getvalue():
            return
        printed.wait(0.01)
    raise AssertionError(deployment.output.getvalue())


def test_after_ctrl_c_running_jobs_finish_and_none_starts() -> None:
    deployment = FakeDeployment()

    def press() -> None:
        deployment.wait_for("load-balancer")
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(UserError, match="Interrupted. Finished resources are in the state"):
        deployment.run(
            database=press, load_balancer=lambda: wait_until_printed(deployment, "Stopping after the running stacks")
        )
    assert sorted(deployment.done) == ["database", "load-balancer", "network", "queue"]


def test_questions_run_one_at_a_time_in_the_main_thread() -> None:
    deployment = FakeDeployment({"network": (), "queue": ()})
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
    deployment = FakeDeployment({"network": (), "queue": ()})
    asking = threading.Event()

    def question() -> None:
        asking.set()
        deployment.wait_for("queue")
        # Output of the other job is held back until the answer.
        assert "progress" not in deployment.output.getvalue()

    def progress() -> None:
        assert_set(asking)
        deployment.board.print("progress")

    deployment.run(network=lambda: deployment.scheduler.ask("network", question), queue=progress)
    assert "progress" in deployment.output.getvalue()


def test_declined_question_lets_running_jobs_finish() -> None:
    deployment = FakeDeployment({"network": (), "queue": (), "portal": ("network", "queue")})
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
    deployment = FakeDeployment({"network": (), "queue": ()})

    def question() -> None:
        raise AssertionError("the question was asked")

    def ask() -> None:
        wait_until_printed(deployment, "Still running: queue")
        deployment.scheduler.ask("queue", question)

    def fail() -> None:
        deployment.wait_for("queue")
        raise UserError("wrong")

    with pytest.raises(UserError, match="^wrong$"):
        deployment.run(network=fail, queue=ask)
    assert deployment.done == []


def test_ctrl_c_at_a_question_ends_the_deployment() -> None:
    deployment = FakeDeployment({"network": ()})

    def question() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("the question continued")

    with pytest.raises(UserError, match="Interrupted"):
        deployment.run(network=lambda: deployment.scheduler.ask("network", question))
