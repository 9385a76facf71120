"""The AWS calls of the services and of the instances' boot, recorded while their tests run.

``service_calls.json`` holds the IAM actions of the calls, by program: ``portal``, ``worker``, ``logging`` (of both) and
``boot``. The lanes that run these programs compare it with what they record; the lane ``aws`` compares it with the
roles. An action on objects names the first folder of the key, such as ``s3:GetObject uploads/``.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from workspace import paths

TABLE = Path(__file__).with_suffix(".json")
_SERVICES = f"{paths.ROOT / 'services'}/"
_PROGRAMS = {"portal": "portal", "worker": "worker", "consumer": "worker"}
_TRANSFERS = {
    "upload": ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload", "PutObject"),
    "download": ("HeadObject", "GetObject"),
}
"""Calls of boto3's transfers, which run in threads of their own."""

Recorded = defaultdict[str, set[str]]


def read_table() -> dict[str, set[str]]:
    """Return the recorded actions, by program."""
    return {program: set(actions) for program, actions in json.loads(TABLE.read_text()).items()}


def actions_of(service: str, operation: str, members: Mapping[str, Any]) -> Iterator[str]:
    """Yield the actions of a call, with the folder of an object's key."""
    # Imported late, because moto takes a second that most tests do not need.
    from emulator.api_calls import ApiCall
    from emulator.iam_actions import required_actions

    folder, slash, _ = str(members.get("Key", "")).partition("/")
    for action in required_actions(ApiCall(service=service, operation=operation, members=members)):
        yield f"{action} {folder}/" if slash else action


def actions_in(file: Path, *, agent: str) -> Iterator[str]:
    """Yield the actions of the calls in a file of the emulator.

    Args:
        file: file of recorded requests; may be missing.
        agent: part of the user agent of the program's calls.
    """
    from emulator.api_calls import read_calls

    for call in read_calls(file, agent=agent) if file.exists() else ():
        yield from actions_of(call.service, call.operation, call.members)


@contextmanager
def recording() -> Iterator[Recorded]:
    """Record the calls of this process's services, by program."""
    from botocore.client import BaseClient
    from botocore.signers import RequestSigner
    from s3transfer.manager import TransferManager

    recorded: Recorded = defaultdict(set)
    seen: set[tuple[str, str, str, str]] = set()

    def record(service: str, operation: str, members: Mapping[str, Any]) -> None:
        program = _calling_program()
        key = (program, service, operation, str(members.get("Key", "")).partition("/")[0])
        if program and key not in seen:
            seen.add(key)
            recorded[program].update(actions_of(service, operation, members))

    def transfer(name: str) -> Any:
        original = getattr(TransferManager, name)

        def wrapped(self: Any, *arguments: Any, **named: Any) -> Any:
            key = inspect.signature(original).bind(self, *arguments, **named).arguments["key"]
            for operation in _TRANSFERS[name]:
                record("s3", operation, {"Key": key})
            return original(self, *arguments, **named)

        return wrapped

    call, sign = BaseClient._make_api_call, RequestSigner.generate_presigned_url

    def wrapped_call(self: Any, operation_name: str, api_params: dict[str, Any]) -> Any:
        record(self.meta.service_model.service_name, operation_name, api_params)
        return call(self, operation_name, api_params)

    def wrapped_sign(self: Any, request_dict: dict[str, Any], operation_name: str, *rest: Any, **named: Any) -> Any:
        record("s3", operation_name, request_dict["context"]["s3_redirect"]["params"])
        return sign(self, request_dict, operation_name, *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", wrapped_call)
        patch.setattr(RequestSigner, "generate_presigned_url", wrapped_sign)
        for name in _TRANSFERS:
            patch.setattr(TransferManager, name, transfer(name))
        yield recorded


def _calling_program() -> str:
    """Return the program whose code is on the stack; empty if it is that of a test alone."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_SERVICES):
            program = _PROGRAMS.get(file.removeprefix(_SERVICES).partition("/")[0])
            if program:
                return program
        elif "/watchtower/" in file:
            return "logging"
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def assert_recorded(recorded: Mapping[str, set[str]], programs: Iterable[str], *, complete: bool) -> None:
    """Compare recorded actions with the table.

    Args:
        recorded: actions by program.
        programs: programs to compare.
        complete: whether all their tests have run, so that the table may have no more.
    """
    table = read_table()
    for program in programs:
        more, fewer = recorded.get(program, set()) - table[program], table[program] - recorded.get(program, set())
        fix = f"change {program} in {TABLE.relative_to(paths.ROOT)}; then the lane aws checks the roles"
        assert not more, f"{program} needs actions that the table lacks: {sorted(more)}. Fix: {fix}."
        assert not (complete and fewer), f"{program} needs no longer: {sorted(fewer)}. Fix: {fix}."


def is_complete(session: pytest.Session, folder: Path) -> bool:
    """Whether the session runs every test of a folder."""
    collected = {item.path for item in session.items}
    return {*folder.rglob("test_*.py")} <= collected and session.testsfailed == 0
