"""What operators see of Berth: health, metrics, logs, traces."""
