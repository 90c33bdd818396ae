"""HTTP: Slack's payloads, usage from gateways, health and metrics. Endpoints are plain functions in a thread pool."""
