"""What we promise, measured: figures beside a named baseline in the same run."""
