"""What one kind of channel is: how it is configured, how it sends, what of it may be seen."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from safety_service.channels.http import GuardedClient
from safety_service.domain.delivery import Notice, Reply

ConfigT = TypeVar("ConfigT", bound=BaseModel)


class Kind(NamedTuple, Generic[ConfigT]):
    """`send(config, notice, client, now)` makes one attempt and never raises for what a receiver does.

    `shown` is the config without its secrets; a value of it that comes back in a PUT means "as it was".
    `host` is the host it sends to, to be refused at once where it is a private address. `per_minute` is how
    many messages the receiver takes; where more wait, they go in a digest.
    """

    config: type[ConfigT]
    send: Callable[[ConfigT, Notice, GuardedClient, datetime], Reply]
    shown: Callable[[ConfigT], dict[str, Any]]
    host: Callable[[ConfigT], str]
    per_minute: Callable[[ConfigT], int] | None = None
