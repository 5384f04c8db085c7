"""What stock nbgrader commands load, so that they speak with the oracle's voice."""
