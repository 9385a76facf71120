"""Codes and contract texts become sentences in the person's language."""

from __future__ import annotations

import pytest
from flask import Flask

from services.core.failures import FailureReason
from services.portal.sentences import FAILURES, failure_sentence, refusal_sentence, rule_sentence


@pytest.fixture(autouse=True)
def request_in_spanish(app: Flask) -> object:
    with app.test_request_context():
        yield


@pytest.mark.parametrize("reason", FailureReason)
def test_every_reason_of_the_worker_has_a_sentence(reason: FailureReason) -> None:
    sentence = failure_sentence(reason.value)
    assert sentence == str(FAILURES[reason])
    assert sentence != failure_sentence(None)


def test_a_reason_of_a_later_worker_gets_a_general_sentence() -> None:
    general = "No pudimos preparar este video. Elimínalo y súbelo de nuevo."
    assert failure_sentence("struck_by_lightning") == general
    assert failure_sentence(None) == general


@pytest.mark.parametrize(
    "field, rule, sentence",
    [
        ("city", "required", "Completa este campo."),
        ("city", "min", "Esto es demasiado corto."),
        ("city", "max", "Esto es demasiado largo."),
        ("email", "email", "Escribe un correo como nombre@ejemplo.com."),
        ("password1", "min", "Usa al menos 8 caracteres."),
        ("city", "another rule", "Esto no se puede usar."),
    ],
)
def test_a_broken_rule_is_told_in_words(field: str, rule: str, sentence: str) -> None:
    assert rule_sentence(field, rule) == sentence


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("Passwords do not match", "Las dos contraseñas no son iguales."),
        ("Email already registered", "Este correo ya tiene una cuenta. Entra con él."),
        ("Invalid credentials", "El correo o la contraseña no son correctos."),
        ("Something new", "Eso no funcionó. Revisa lo que escribiste e intenta de nuevo."),
    ],
)
def test_a_refusal_of_the_contract_is_told_in_words(text: str, sentence: str) -> None:
    assert refusal_sentence(text) == sentence
