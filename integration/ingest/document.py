"""Reviewed YAML documents that say who is asked: `TOLDONCE_MESH`, `TOLDONCE_GP_CONNECT`, `TOLDONCE_PDS`."""

from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from integration.errors import NotPossible

Ods = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3,12}$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#@]+$")]


class Part(BaseModel):
    """Part of a document: a name that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Document(Part):
    """A whole document. A relative path in it is relative to its folder."""

    folder: Path = Field(default=Path(), exclude=True)


Read = TypeVar("Read", bound=Document)


def load(path: Path | None, kind: type[Read], missing: str) -> Read:
    """The document at `path`. Raises NotPossible: with `missing` where there is none, else naming the fields that are
    wrong, never their values."""
    if path is None:
        raise NotPossible(missing)
    try:
        return kind.model_validate({**yaml.safe_load(path.read_text("utf-8")), "folder": path.parent})
    except OSError as error:
        raise NotPossible(f"{path.name} cannot be read ({type(error).__name__})") from None
    except (yaml.YAMLError, UnicodeDecodeError, TypeError):
        raise NotPossible(f"{path.name} is no YAML document with names and values") from None
    except ValidationError as error:
        wrong = sorted({": ".join((*_place(one["loc"]), one["msg"])) for one in error.errors(include_input=False)})
        raise NotPossible(f"{path.name}: {'; '.join(wrong)}") from None


def _place(loc: tuple[int | str, ...]) -> list[str]:
    return [".".join(map(str, loc))] if loc else []
