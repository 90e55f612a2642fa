"""What is set up and inspected: configuration, environment, roles, the demo."""
