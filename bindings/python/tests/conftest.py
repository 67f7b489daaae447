"""The plugin under test serves its own tests; pytester runs further pytests."""

pytest_plugins = ["seatrial.pytest_plugin", "pytester"]
