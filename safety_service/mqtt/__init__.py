"""The MQTT ingester on paho-mqtt: receives, hands over batches, acknowledges only what was committed."""

from safety_service.mqtt.address import BrokerAddress, parse_broker_url
from safety_service.mqtt.inbox import Inbox, Received
from safety_service.mqtt.receiver import Receiver, ReceiverPlan

__all__ = ["BrokerAddress", "Inbox", "Received", "Receiver", "ReceiverPlan", "parse_broker_url"]
