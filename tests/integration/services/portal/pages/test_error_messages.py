"""Error codes and contract texts are shown as sentences in the chosen language."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale

from services.portal.error_messages import FAILURES, failure_sentence, refusal_sentence, rule_sentence
from services.videos.failures import FailureReason


@pytest.fixture(autouse=True)
def request_in_spanish(app: Flask) -> object:
    with app.test_request_context():
        yield


@pytest.mark.parametrize("reason", FailureReason)
def test_every_failure_reason_has_a_sentence(reason: FailureReason) -> None:
    sentence = failure_sentence(reason.value)
    assert sentence == str(FAILURES[reason])
    assert sentence != failure_sentence(None)


SENTENCES = {
    FailureReason.FILE_MISSING: (
        "El archivo ya no está. Sube el video de nuevo.",
        "The file is no longer there. Upload the video again.",
    ),
    FailureReason.NOT_A_VIDEO: (
        "Este archivo no es un video. Expórtalo desde tu celular o cámara como MP4 e intenta de nuevo.",
        "This file is not a video. Export it from your phone or camera as MP4 and try again.",
    ),
    FailureReason.UNSUPPORTED_FORMAT: (
        "No podemos leer este tipo de video. Guárdalo como MP4 (H.264) e intenta de nuevo.",
        "We cannot read this kind of video. Save it as MP4 (H.264) and try again.",
    ),
    FailureReason.TOO_LARGE_PICTURE: (
        "La imagen es demasiado grande. Guarda el video en 4K o menos e intenta de nuevo.",
        "The picture is too large. Save the video in 4K or smaller and try again.",
    ),
    FailureReason.TOO_SHORT: (
        "El video es demasiado corto. Sube uno que dure medio segundo o más.",
        "The video is too short. Upload one that lasts half a second or more.",
    ),
    FailureReason.WRONG_LENGTH: (
        "El video dura menos de 20 segundos o más de 60. Sube uno que dure entre 20 y 60 segundos.",
        "The video is shorter than 20 seconds or longer than 60. Upload one that lasts between 20 and 60 seconds.",
    ),
    FailureReason.BELOW_1080P: (
        "La imagen es demasiado pequeña. Graba en Full HD (1080p) o mejor y sube el archivo original.",
        "The picture is too small. Film in Full HD (1080p) or better and upload the original file.",
    ),
    FailureReason.GIVEN_UP: (
        "La preparación de este video se interrumpió varias veces. Elimínalo y súbelo de nuevo.",
        "Preparing this video broke off several times. Delete it and upload it again.",
    ),
    FailureReason.DAMAGED: (
        "El archivo está dañado o incompleto. Sube de nuevo el archivo original.",
        "The file is damaged or incomplete. Upload the original file again.",
    ),
    FailureReason.TOOK_TOO_LONG: (
        "Preparar el video tomó demasiado tiempo. Guárdalo más liviano o más corto e intenta de nuevo.",
        "The video took too long to prepare. Save it smaller or shorter and try again.",
    ),
}
"""Each sentence says what happened, then what the player can do."""


@pytest.mark.parametrize("reason", FailureReason)
def test_failure_sentences_say_what_happened_and_what_to_do(reason: FailureReason) -> None:
    for language, sentence in zip(("es", "en"), SENTENCES[reason], strict=True):
        with force_locale(language):
            assert failure_sentence(reason) == sentence
        happened, to_do = sentence.rstrip(".").split(". ")
        assert happened and to_do


def test_unknown_failure_reason_gets_a_general_sentence() -> None:
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
def test_field_rules_are_shown_as_sentences(field: str, rule: str, sentence: str) -> None:
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
def test_contract_errors_are_shown_as_sentences(text: str, sentence: str) -> None:
    assert refusal_sentence(text) == sentence
