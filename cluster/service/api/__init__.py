"""The API, version 1: a router for each file, all below `/v1`."""
