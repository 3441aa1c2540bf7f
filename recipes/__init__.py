"""How the bundled weights and class statistics are made. Not installed, and imported by nothing that is."""
