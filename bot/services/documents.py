"""Texts with entities as the database keeps them, and back."""

from collections.abc import Mapping

from bot.logic.rich import Entity, Rich


def rich_document(words: Rich) -> dict[str, object]:
    entities = [[entity.kind, entity.offset, entity.length, entity.url] for entity in words.entities]
    return {"text": words.text, "entities": entities}


def read_rich(document: Mapping[str, object]) -> Rich:
    """What `rich_document` stored."""
    text, entities = document.get("text"), document.get("entities")
    if not isinstance(text, str) or not isinstance(entities, list):
        raise TypeError("a stored text has another shape than this version writes")
    return Rich(text, tuple(Entity(*entity) for entity in entities))
