"""The bodies of requests and responses, as openapi.json documents them."""
