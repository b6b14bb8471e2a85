"""`python -m device_simulator`: the same as the `device-simulator` command."""

from device_simulator.cli import main

main()
