"""Names of the leases: one for each job that runs once in a plant."""

SIMULATOR = "simulator"
DETECTION = "judge"  # the name in databases that exist
ALARMS = "alarms"
