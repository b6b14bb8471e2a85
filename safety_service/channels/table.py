"""Every kind of channel by its name: a new one is a file and a line here."""

from typing import Any

from safety_service.channels import alertmanager, dingtalk, feishu, sms, smtp, webhook, wecom
from safety_service.channels.kind import Kind

CHANNELS: dict[str, Kind[Any]] = {
    "alertmanager": alertmanager.KIND,
    "dingtalk": dingtalk.KIND,
    "feishu": feishu.KIND,
    "sms": sms.KIND,
    "smtp": smtp.KIND,
    "webhook": webhook.KIND,
    "wecom": wecom.KIND,
}
