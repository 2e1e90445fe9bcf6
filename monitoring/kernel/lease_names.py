"""Names of the leases: one for each job that runs once in a plant."""

SIMULATOR = "simulator"
DEMO_VESSEL = "demo_vessel"  # the position is the number of the first batch without a complete record
DETECTION = "judge"  # the name in databases that exist; further shards are "judge.1" and so on
DETECTION_REQUEST = "judge-request"  # held by a process that asks for a shard; the position is what it has
ALARMS = "alarms"
# Watermarks of the alarms' evaluator, in leases that nobody holds: the last revisions of events and of
# deviations that it has seen, and the clock's time (microseconds) up to which measurements are evaluated.
ALARM_EVENTS = "alarms.events"
ALARM_DEVIATIONS = "alarms.deviations"
ALARM_CLOCK = "alarms.clock"
NOTIFICATIONS = "notifications"  # the position is the id of the last entry of the alarm journal
ARCHIVE = "archive"  # the position is the newest measurement at the run before
BATCH_RULES = "batches.rules"
BATCH_FORECAST = "batches.forecast"
BATCH_WATCH = "batches.watch"
SOURCE = "source:"  # followed by the id of a field source
