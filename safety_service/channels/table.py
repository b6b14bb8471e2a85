"""Every kind of channel by its name: a new one is a file and a line here."""

from typing import Any

from safety_service.channels import webhook
from safety_service.channels.kind import Kind

CHANNELS: dict[str, Kind[Any]] = {
    "webhook": webhook.KIND,
}
