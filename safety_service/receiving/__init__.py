"""The receiver as a process of its own, so that receiving and advancing never wait for one interpreter."""

from safety_service.receiving.parent import ReceiverProcess, Reserve
from safety_service.receiving.wire import Order

__all__ = ["Order", "ReceiverProcess", "Reserve"]
