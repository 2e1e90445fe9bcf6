"""InfluxDB line protocol: devices and agents push their readings over HTTP."""
