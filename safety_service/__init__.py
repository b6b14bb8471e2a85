"""Campus safety service: from a device's message to the alert that people act on."""

__version__ = "0.1.0"
