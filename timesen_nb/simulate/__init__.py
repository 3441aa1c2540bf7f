"""A simulated countryside: spectra, seasons, ground views and a landscape. Everything made here is simulated."""
