"""Who may call the API: by which host name, and from which pages."""
