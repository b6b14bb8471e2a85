"""Every way the simulator gives up, each with the exit code of the outer contract."""


class SimulatorError(Exception):
    """Told to a person as one line on standard error. `exit_code` is 1 (failed) or 2 (wrong usage)."""

    exit_code = 1


class BrokerUnreachableError(SimulatorError):
    """No broker answered, or it refused the connection."""


class WrongUsageError(SimulatorError):
    """The command was given something that cannot be meant."""

    exit_code = 2
