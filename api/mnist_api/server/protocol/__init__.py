"""The protocol of a connection: uvicorn's, with bounds and the fast path."""
