"""What whoever runs Berth sees of it: health, metrics, logs, traces."""
