"""What whoever runs Berth sees of it."""
