"""Blobs that lie apart are shown by reference."""

from contract.formats import CONTENT_PATH
from translator.messages.apart import by_reference

ID = "0" * 32
MEDIA = {ID: 5}


def test_a_blob_of_the_spans_own_media_says_where_it_is_and_how_large() -> None:
    blob = {"type": "blob", "modality": "image", "mime_type": "image/png", "content": CONTENT_PATH + ID}
    assert by_reference([{"role": "user", "parts": [blob]}], MEDIA) == [
        {
            "role": "user",
            "parts": [
                {
                    "type": "blob",
                    "modality": "image",
                    "mime_type": "image/png",
                    "size_bytes": 5,
                    "uri": CONTENT_PATH + ID,
                }
            ],
        }
    ]


def test_text_and_blobs_of_others_stay_as_they_are() -> None:
    values = [
        {"type": "text", "content": CONTENT_PATH + ID},
        {"type": "blob", "content": CONTENT_PATH + "1" * 32},
        {"type": "blob", "content": "iVBO"},
        {"type": "blob", "content": None},
        "text",
        7,
    ]
    assert by_reference(values, MEDIA) == values
